/**
 * Writing-Zero, bootstrapped relative policy optimisation (BRPO, arXiv 2506.00103; no official code).
 *
 *     ref drawn from the group;  R_i = +1 if a pairwise judge prefers o_i to o_ref, else -1;  R_ref = 0
 *     A_i = R_i                                        neither mean nor standard deviation: E[R_i] = 0 by exchangeability
 *     group kept iff |sum of R_i| / G <= tau           a reference that everyone beats, or no one, is an outlier
 *     loss = sum of max(-A r, -A clip(r, 1 - e, 1 + e)) / tokens
 *
 * `pairwiseOutcomes` makes the rewards of a group from the judge's votes, once all its members are there. The reduction
 * is not published: token mean, in which the reference counts. G counts every member of the group, the reference
 * included. Rewards of the judge in training are in shaping/pairwise-judge.ts.
 */
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { denseGroups } from '../groups.js';
import { choice, number } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

/** Largest |sum of R_i| / G of a group that is kept. */
export const SKEW_LIMIT = 0.6;

export const writingZero = objective({
  title: 'Writing-Zero (BRPO)',
  source: 'arXiv 2506.00103',
  kinds: ['advantage', 'filter', 'reward'],
  summary: 'Outcomes of comparisons with a random member of the group are the advantages; lopsided groups are dropped.',
  vectors: 'writing-zero',
  settings: {
    skewLimit: number(SKEW_LIMIT, 'tau, largest |sum of outcomes| / G of a group that is kept', { min: 0 }),
    outliers: choice('drop', ['drop', 'keep'], 'what becomes of groups beyond it'),
    ...clipRangeSettings,
    ...commonSettings(),
  },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  keep: ({ rewards, group }, { skewLimit, outliers }) =>
    outliers === 'drop' ? balancedGroups(rewards, group, skewLimit) : new Uint8Array(group.length).fill(1),
  advantages: (batch) =>
    broadcast(
      batch,
      batch.rewards.map((reward) => (Number.isNaN(reward) ? 0 : reward)),
    ),
  loss: (context, settings) => totalLoss(context, clippedLoss(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
  exempt: { 'zero-signal': 'outcomes are advantages as they are: normalising them again would be another method' },
});

/** [rollouts] 1 for members of groups whose outcomes have a skew |sum| / G of at most `limit`. */
export function balancedGroups(outcomes: Float64Array, group: Int32Array, limit = SKEW_LIMIT): Uint8Array {
  const { index, count } = denseGroups(group);
  const sums = new Float64Array(count);
  const members = new Float64Array(count);
  outcomes.forEach((outcome, i) => {
    members[index[i]!]! += 1;
    if (!Number.isNaN(outcome)) sums[index[i]!]! += outcome;
  });
  return Uint8Array.from(index, (g) => (Math.abs(sums[g]!) / members[g]! <= limit ? 1 : 0));
}

export interface VoteOptions {
  /** `unanimous`: only winning every vote is a win, only losing every vote a loss. */
  readonly rule: 'majority' | 'unanimous';
  /** Outcome where votes disagree (a tie of the majority), or where none is valid. */
  readonly inconsistent: number;
}

/** Outcome of one comparison: +1, -1 or `inconsistent`. A vote is true for the candidate; null abstains. */
export function voteOutcome(votes: readonly (boolean | null)[], { rule, inconsistent }: VoteOptions): number {
  const wins = votes.filter((vote) => vote === true).length;
  const losses = votes.filter((vote) => vote === false).length;
  if (rule === 'unanimous' && wins > 0 && losses > 0) return inconsistent;
  return wins === losses ? inconsistent : Math.sign(wins - losses);
}

export interface PairwiseOutcomes {
  /** [members] R_i, 0 for the reference. */
  readonly outcomes: Float64Array;
  readonly skew: number;
  readonly isKept: boolean;
  /** [members] R_i of a kept group, else 0. */
  readonly advantages: Float64Array;
}

/** Outcomes of one group from the votes on each member against the reference, whose own votes are ignored. */
export function pairwiseOutcomes(
  votes: readonly (readonly (boolean | null)[])[],
  reference: number,
  options: VoteOptions & { readonly skewLimit: number },
): PairwiseOutcomes {
  const outcomes = Float64Array.from(votes, (own, i) => (i === reference ? 0 : voteOutcome(own, options)));
  const sum = outcomes.reduce((total, outcome) => total + outcome, 0);
  const skew = votes.length > 0 ? Math.abs(sum) / votes.length : 0;
  const isKept = skew <= options.skewLimit;
  return { outcomes, skew, isKept, advantages: isKept ? outcomes : new Float64Array(outcomes.length) };
}
