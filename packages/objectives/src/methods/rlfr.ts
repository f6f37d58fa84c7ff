/**
 * RLFR, reward from a flow field on hidden states (arXiv 2510.10201; models/utils.py, models/loss.py of its repository).
 *
 *     s_t   velocity deviation of the token, shaping/flow-field.ts; comes as the column `tokenRewards`
 *     u_t   s scaled to [0, 1] over the response, 0 at or below the threshold 0.6, only the 15 largest stay
 *     r_t   = -beta u_t, and at the last token + (R_i - mean_g) / (std_g + 1e-9)
 *     A_t   = sum of gamma^(v - t) r_v over v >= t
 *     loss  = mean over rollouts of mean over tokens of max(-A min(r, 3), -A clip(r, 1 - e, 1 + e))
 *
 * The flow term joins behind the group's normalisation and is never normalised itself; it only punishes. Tokens of the
 * environment add nothing and do not cut the sum. The official code takes the second smallest number of a padded row as
 * the smallest score, which is wrong for a row without padding; an objective has no padding and takes the smallest.
 * With its DAPO switch e_hi is 0.28 and the mean is over tokens.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { gae } from '../advantages/returns.js';
import { outcomeAtEnd } from '../advantages/token-rewards.js';
import { tokenColumn } from '../columns.js';
import { objective } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { number, withDefaults } from '../settings.js';
import { filterFlowScores, normalizeFlowScores } from '../shaping/flow-score.js';
import { Tape } from '../tape/tape.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const rlfr = objective({
  title: 'RLFR',
  source: 'arXiv 2510.10201',
  kinds: ['reward shaping', 'credit assignment'],
  summary: 'Tokens whose hidden states leave the flow field of trusted solutions pay a little, beside the outcome.',
  vectors: 'rlfr',
  settings: {
    ...withDefaults(groupAdvantageSettings, { advantageEpsilon: 1e-9 }),
    flowCoef: number(0.01, 'beta, weight of the flow term', { min: 0 }),
    flowThreshold: number(0.6, 'normalised deviations at or below it cost nothing', { max: 1 }),
    flowTopK: number(15, 'most tokens of a response that pay; 0: no bound', { min: 0 }),
    gamma: number(1, 'discount a token', { min: 0, max: 1 }),
    ...withDefaults(clipSettings, { dualClip: null, ratioCap: 3 }),
    ...commonSettings({ aggregation: 'seq-mean-token-mean' }),
  },
  variants: [
    { flowTopK: 2, flowThreshold: 0.2, gamma: 0.9 },
    { clipHigh: 0.28, aggregation: 'token-mean' },
  ],
  needs: (settings) => ['oldLogProb', 'tokenRewards', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => {
    const { flowThreshold: threshold, flowTopK: topK } = settings;
    const outcomes = groupAdvantage(batch.rewards, batch.group, settings);
    return flowAdvantages(batch, outcomes, flowScores(batch, { threshold, topK }), settings).advantages;
  },
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
  exempt: { 'zero-signal': 'the flow term does not depend on rewards and acts in groups without signal, too' },
});

/** [tokens] u above, over the tokens of each response that carry loss. */
function flowScores(batch: RolloutBatch, filter: { readonly threshold: number; readonly topK: number }): Float64Array {
  const tape = new Tape(batch);
  const raw = tape.compact(tokenColumn(batch, 'tokenRewards'));
  const out = new Float64Array(raw.length);
  let from = 0;
  for (const length of tape.lengths) {
    const row = raw.subarray(from, from + length);
    out.set(filterFlowScores(normalizeFlowScores(row, new Uint8Array(length).fill(1)), filter), from);
    from += length;
  }
  return tape.scatter(out);
}

/** [tokens] r_t and A_t above, from outcomes that the group has normalised and scores u. Unscored rollouts get 0. */
export function flowAdvantages(
  batch: RolloutBatch,
  outcomes: Float64Array,
  scores: Float64Array,
  { flowCoef, gamma }: { readonly flowCoef: number; readonly gamma: number },
): { readonly rewards: Float64Array; readonly advantages: Float64Array } {
  const { offsets, mask } = batch;
  const rewards = outcomeAtEnd({ ...batch, rewards: outcomes });
  batch.rewards.forEach((reward, rollout) => {
    if (Number.isNaN(reward)) return;
    for (let token = offsets[rollout]!; token < offsets[rollout + 1]!; token++) {
      if (mask[token] !== 0) rewards[token]! -= flowCoef * scores[token]!;
    }
  });
  // Without values and decay the estimate is the return to go, which passes over the environment's tokens.
  return { rewards, advantages: gae(batch, rewards, new Float64Array(mask.length), gamma, 1).advantages };
}
