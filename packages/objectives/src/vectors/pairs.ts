import type { ColumnName, LossResult, RolloutBatch } from '../objective.js';
import { createObjective } from '../registry.js';
import { batchOf, rowsOf, type Matrix } from './padded.js';

export interface EvaluatedPairs {
  readonly batch: RolloutBatch;
  readonly result: LossResult;
  /** Gradient by the column that the loss differentiates, in rows. */
  readonly chosen: readonly (readonly number[])[];
  readonly rejected: readonly (readonly number[])[];
}

type Sides = readonly [chosen: Matrix, rejected: Matrix];

/** A preference loss over pairs whose chosen and rejected sides come apart. */
export function evaluatePairs(
  objective: 'dpo' | 'bradley-terry',
  [chosen, rejected]: Sides,
  columns: Partial<Record<ColumnName, Sides>>,
  settings: Readonly<Record<string, unknown>> = {},
): EvaluatedPairs {
  const joined = Object.entries(columns).map(([name, sides]) => [name, [...sides[0], ...sides[1]]] as const);
  const pairs = chosen.map((_, i) => i);
  const batch = batchOf([...chosen, ...rejected], Object.fromEntries(joined), {
    rewards: [...pairs.map(() => 1), ...pairs.map(() => 0)],
    groups: [...pairs, ...pairs],
  });
  const method = createObjective(objective, settings);
  const result = method.loss(batch, method.advantages(batch));
  const rows = rowsOf(batch, result.gradients[objective === 'dpo' ? 'logProb' : 'values']!);
  return { batch, result, chosen: rows.slice(0, pairs.length), rejected: rows.slice(pairs.length) };
}

/** Bradley-Terry over plain scores: loss and one gradient a score. */
export function scorePairs(chosen: readonly number[], rejected: readonly number[]) {
  const column = (scores: readonly number[]) => scores.map((score) => [score]);
  const ones: Sides = [chosen.map(() => [1]), rejected.map(() => [1])];
  const { result, ...rows } = evaluatePairs('bradley-terry', ones, {
    logProb: ones,
    values: [column(chosen), column(rejected)],
  });
  return { loss: result.loss, chosen: rows.chosen.flat(), rejected: rows.rejected.flat() };
}
