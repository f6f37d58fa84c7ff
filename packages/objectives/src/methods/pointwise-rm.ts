/**
 * Pointwise reward-model loss: a scalar head s learns a grade y in [0, 1] of each response.
 *
 *     loss = mean over scored responses of -y log sigmoid(s) - (1 - y) log(1 - sigmoid(s))      `cross-entropy`
 *     loss = mean over scored responses of (sigmoid(s) - y)^2                                   `squared`
 *
 * s is the head (`values`) at the last token of the response, before which it has read all but that end token; y is the
 * reward; unscored responses have no part. The meta reward models of SPCT (arXiv 2504.02495: is this critique's verdict
 * right) and of RM-NLHF (arXiv 2601.07349: how much of a human's critique does it contain) train so, and RLBFF's
 * entailment head (arXiv 2509.21319) with the difference of two logits in place of s.
 */
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { choice } from '../settings.js';

export const pointwiseRm = objective({
  title: 'Pointwise reward model',
  source: 'arXiv 2504.02495',
  kinds: ['reward model loss'],
  summary: 'A scalar head learns a grade between 0 and 1 of each response, by cross-entropy or squared error.',
  vectors: null,
  settings: { error: choice('cross-entropy', ['cross-entropy', 'squared'], 'distance of the head from the grade') },
  variants: [{ error: 'squared' }],
  needs: () => ['values'],
  differentiates: () => ['values'],
  advantages: (batch) => broadcast(batch, new Float64Array(batch.group.length)),
  loss: (context, settings) => {
    const { tape, totals } = context;
    const { rewards } = tape.source;
    const lastTokens = tape.lastTokens;
    const counted = rewards.map((reward, i) => (Number.isNaN(reward) || lastTokens[i]! < 0 ? 0 : 1));
    const grade = tape.constant(
      tape.rollout,
      rewards.map((reward) => (Number.isNaN(reward) ? 0 : reward)),
    );
    const score = tape.input('values').gather(tape.rollout, lastTokens);
    const error =
      settings.error === 'squared'
        ? score.sigmoid().sub(grade).square()
        : score
            .logSigmoid()
            .mul(grade)
            .add(score.neg().logSigmoid().mul(grade.affine(-1, 1)))
            .neg();
    return error
      .mul(tape.constant(tape.rollout, counted))
      .sum(tape.batch)
      .mul(1 / Math.max(totals.scored, 1));
  },
  exempt: { 'zero-signal': 'equal grades are targets, too' },
});
