/**
 * Bradley-Terry reward-model loss (Bradley and Terry 1952; arXiv 2203.02155, eq. 1).
 *
 *     loss = mean over pairs of -log sigmoid(s(chosen) - s(rejected))
 *
 * s_i is the scalar head (`values`) at the last token of the response: it has read all but that one, an end token. Pairs
 * as in DPO.
 */
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { pairSigns } from '../groups.js';
import { pairLoss } from '../terms/pairs.js';

export const bradleyTerry = objective({
  title: 'Bradley-Terry',
  source: 'arXiv 2203.02155',
  kinds: ['preference loss'],
  summary: 'Logistic loss of a scalar reward head on the better and the worse of a pair.',
  vectors: null,
  settings: {},
  needs: () => ['values'],
  differentiates: () => ['values'],
  advantages: (batch) => broadcast(batch, pairSigns(batch.rewards, batch.group)),
  loss: (context) => {
    const { tape } = context;
    return pairLoss(context, tape.input('values').gather(tape.rollout, tape.lastTokens));
  },
  splitBy: 'group',
});
