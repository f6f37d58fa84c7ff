/**
 * VeRPO, dense rewards from the tests that an attempt passes (arXiv 2601.03525 v3, equations 3 and 7 to 14; no code).
 *
 *     R_turn(i,t) = sum over tests of w_j [attempt t passes j]     `testWeights` of the group's pass rates
 *     A_turn = R_turn - mean over all turns of the group;   A_traj = R_i gamma^turns - mean over its rollouts
 *     A(i,t) = A_traj + beta A_turn, at every token of turn t      no standard deviation
 *     loss = sum of max(-A r, -A clip(r, 1 - e, 1 + e)) / tokens
 *
 * Turns are the runs of the column `segment` among the tokens that carry loss; R_turn stands in `tokenRewards` at the last
 * token of each. The two means divide by different numbers: turns and rollouts. Weights are of the group that is scored,
 * before any filter. gamma 1 for single turns; 0.9 is meant for several. Inferred: gamma, beta, sigma, delta, clip and
 * token mean.
 */
import { groupStatistics } from '../advantages/group.js';
import { tokenColumn } from '../columns.js';
import { objective } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { number } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';
import { turnEnds } from '../terms/turns.js';

export const verpo = objective({
  title: 'VeRPO',
  source: 'arXiv 2601.03525',
  kinds: ['advantage', 'credit assignment', 'reward'],
  summary: 'Attempts earn the rare tests that they pass, weighed by difficulty over density, beside the outcome.',
  vectors: 'verpo',
  settings: {
    gamma: number(1, 'decay of the outcome a turn', { min: 0, max: 1 }),
    beta: number(0.5, 'weight of the advantage of the turn', { min: 0 }),
    ...clipRangeSettings,
    ...commonSettings(),
  },
  variants: [{ gamma: 0.9, beta: 1 }],
  needs: (settings) => ['oldLogProb', 'segment', 'tokenRewards', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, { gamma, beta }) => {
    const ends = turnEnds(batch);
    const scores = tokenColumn(batch, 'tokenRewards');
    const turnRewards = ends.map((list) => list.map((token) => scores[token]!));
    const { advantages } = fuseAdvantages(batch.rewards, batch.group, turnRewards, { gamma, beta });
    return spreadOverTurns(batch, ends, advantages);
  },
  loss: (context, settings) => totalLoss(context, clippedLoss(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
  exempt: { 'zero-signal': 'turns may pass different tests where the outcomes agree' },
});

export interface FusedAdvantages {
  /** [rollouts] R_i gamma^turns; NaN where not scored. */
  readonly discounted: Float64Array;
  /** [groups] Mean reward of its turns. */
  readonly turnBaseline: Float64Array;
  /** [rollouts] */
  readonly trajectory: Float64Array;
  /** [rollouts][turns] */
  readonly turn: number[][];
  /** [rollouts][turns] A(i, t) above; 0 for rollouts that were not scored. */
  readonly advantages: number[][];
}

/** Outcome and turn advantages of each group, from outcomes R_i and the rewards of each turn. */
export function fuseAdvantages(
  rewards: Float64Array,
  group: Int32Array,
  turnRewards: readonly (readonly number[])[],
  { gamma, beta }: { readonly gamma: number; readonly beta: number },
): FusedAdvantages {
  const discounted = rewards.map((reward, i) => reward * gamma ** turnRewards[i]!.length);
  const { index, mean } = groupStatistics(discounted, group);
  const scored = turnRewards.flatMap((list, i) => (Number.isNaN(rewards[i]) ? [] : list));
  const owner = turnRewards.flatMap((list, i) => (Number.isNaN(rewards[i]) ? [] : list.map(() => index[i]!)));
  const turns = groupStatistics(Float64Array.from(scored), Int32Array.from(owner));
  const turnBaseline = new Float64Array(mean.length);
  owner.forEach((g, k) => (turnBaseline[g] = turns.mean[turns.index[k]!]!));
  const trajectory = discounted.map((value, i) => (Number.isNaN(value) ? 0 : value - mean[index[i]!]!));
  const turn = turnRewards.map((list, i) =>
    list.map((value) => (Number.isNaN(rewards[i]) ? 0 : value - turnBaseline[index[i]!]!)),
  );
  const advantages = turn.map((list, i) => list.map((value) => trajectory[i]! + beta * value));
  return { discounted, turnBaseline, trajectory, turn, advantages };
}

/** [tokens] The advantage of each turn at its tokens that carry loss. */
function spreadOverTurns(
  { offsets, mask }: RolloutBatch,
  ends: readonly (readonly number[])[],
  advantages: readonly (readonly number[])[],
): Float64Array {
  const out = new Float64Array(mask.length);
  ends.forEach((list, rollout) => {
    let token = offsets[rollout]!;
    list.forEach((end, t) => {
      for (; token <= end; token++) if (mask[token] !== 0) out[token] = advantages[rollout]![t]!;
    });
  });
  return out;
}
