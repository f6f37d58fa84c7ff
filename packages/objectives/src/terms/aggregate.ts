import type { Tape } from '../tape/tape.js';
import type { Value } from '../tape/value.js';
import { choice, optionalNumber } from '../settings.js';
import type { BatchTotals } from '../objective.js';

/**
 * How per-token losses L become one number. N tokens and B rollouts carry loss in the minibatch, |o_i| of them in
 * rollout i; rollouts without such tokens do not count in means over rollouts.
 *
 * - `token-mean`: sum(L) / N (DAPO; TRL `dapo`, `bnpo`)
 * - `seq-mean-token-mean`: mean over rollouts of sum(L) / |o_i| (GRPO, GSPO)
 * - `seq-mean-token-sum`: mean over rollouts of sum(L) (REINFORCE)
 * - `seq-mean-token-sum-norm`: sum(L) / T, as verl writes Dr.GRPO: not divided by the number of rollouts
 * - `constant`: sum(L) / (all rollouts x T), as TRL writes Dr.GRPO and as its paper has it
 *
 * T is a given length, or the longest response of the minibatch.
 */
export const aggregations = [
  'token-mean',
  'seq-mean-token-mean',
  'seq-mean-token-sum',
  'seq-mean-token-sum-norm',
  'constant',
] as const;

export type Aggregation = (typeof aggregations)[number];

export const aggregationSettings = {
  aggregation: choice('token-mean', aggregations, 'how token losses become one number'),
  lengthNorm: optionalNumber(null, 'length T of the constant aggregations; null: the longest of the minibatch', {
    min: 1,
  }),
} as const;

export interface AggregationSettings {
  readonly aggregation: Aggregation;
  /** T above, in tokens; null: the longest response of the minibatch. */
  readonly lengthNorm: number | null;
}

/** The scalar loss of a per-token (or finer) value. An empty minibatch gives 0. */
export function aggregate(tape: Tape, value: Value, totals: BatchTotals, settings: AggregationSettings): Value {
  const length = settings.lengthNorm ?? totals.longest;
  switch (settings.aggregation) {
    case 'token-mean':
      return value.sum(tape.batch).mul(inverse(totals.tokens));
    case 'seq-mean-token-mean':
      return sequenceMeans(tape, value).sum(tape.batch).mul(inverse(totals.nonEmptyRollouts));
    case 'seq-mean-token-sum':
      return value.sum(tape.batch).mul(inverse(totals.nonEmptyRollouts));
    case 'seq-mean-token-sum-norm':
      return value.sum(tape.batch).mul(inverse(length));
    case 'constant':
      return value.sum(tape.batch).mul(inverse(length * totals.rollouts));
  }
}

/** [rollouts] Mean over the tokens of each rollout, 0 for a rollout without any. */
export function sequenceMeans(tape: Tape, value: Value): Value {
  return value.sum(tape.rollout).mul(tape.constant(tape.rollout, tape.lengths.map(inverse)));
}

function inverse(count: number): number {
  return count > 0 ? 1 / count : 0;
}
