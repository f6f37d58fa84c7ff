import { LossContext } from '../define.js';
import { totalsOf } from '../columns.js';
import type { ColumnName, DifferentiableColumn, RolloutBatch } from '../objective.js';
import { Tape } from '../tape/tape.js';
import type { Value } from '../tape/value.js';

/** [B][T] One row a response, padded to the same length. */
export type Matrix = readonly (readonly number[])[];

/** Names of groups: any JSON label. */
export type Labels = readonly (string | number)[];

export interface PaddedParts {
  readonly rewards?: readonly number[];
  /** Absent: each row is its own group. */
  readonly groups?: Labels;
}

/** A padded batch as ragged columns: rows keep their padding, which the mask hides. */
export function batchOf(
  mask: Matrix,
  columns: Partial<Record<ColumnName, Matrix>>,
  parts: PaddedParts = {},
): RolloutBatch {
  const rows = mask.length;
  const offsets = new Int32Array(rows + 1);
  mask.forEach((row, i) => (offsets[i + 1] = offsets[i]! + row.length));
  const flat: Partial<Record<ColumnName, Float64Array>> = {};
  for (const [name, matrix] of Object.entries(columns)) flat[name as ColumnName] = flatten(matrix);
  return {
    offsets,
    group: parts.groups === undefined ? Int32Array.from({ length: rows }, (_, i) => i) : groupNumbers(parts.groups),
    rewards: Float64Array.from(parts.rewards ?? new Array<number>(rows).fill(0)),
    mask: Uint8Array.from(flatten(mask)),
    columns: flat,
  };
}

export function flatten(matrix: Matrix): Float64Array {
  return Float64Array.from(matrix.flat());
}

/** A token column back in rows. */
export function rowsOf(batch: RolloutBatch, column: ArrayLike<number>): number[][] {
  const all = Array.from(column);
  return Array.from(batch.group, (_, i) => all.slice(batch.offsets[i], batch.offsets[i + 1]));
}

/** Group labels of rows that lie together, `size` a group. */
export function consecutiveGroups(rows: number, size: number): number[] {
  return Array.from({ length: rows }, (_, i) => Math.floor(i / size));
}

export function groupNumbers(labels: Labels): Int32Array {
  const numbers = new Map<string | number, number>();
  for (const label of labels) if (!numbers.has(label)) numbers.set(label, numbers.size);
  return Int32Array.from(labels, (label) => numbers.get(label)!);
}

export interface EvaluatedFormula {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Gradient by a column, in rows. */
  gradient(name: DifferentiableColumn): number[][];
}

/** Value and gradients of a formula over a batch, for cases that exercise a term and not a whole objective. */
export function evaluateFormula(
  batch: RolloutBatch,
  advantages: ArrayLike<number>,
  formula: (context: LossContext) => Value,
): EvaluatedFormula {
  const tape = new Tape(batch);
  const context = new LossContext(tape, tape.tokenConstant(advantages), totalsOf(batch));
  const loss = formula(context);
  const gradients = tape.gradients(loss);
  return {
    loss: loss.scalar,
    metrics: context.metrics,
    gradient: (name) => rowsOf(batch, gradients[name] ?? new Float64Array(batch.mask.length)),
  };
}
