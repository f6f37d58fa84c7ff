import type { ColumnName, DifferentiableColumn, RolloutBatch, TopKColumns } from '../objective.js';
import { lossTokens } from '../columns.js';
import { denseGroups } from '../groups.js';
import { Axis } from './axis.js';
import { Value } from './value.js';

/**
 * Reverse-mode tape over whole columns. Only tokens that carry loss are on it (the token axis is `mask` compacted), so
 * no formula needs a mask, garbage under the mask cannot spread, and its gradient is exactly 0.
 *
 * Everything that enters as a constant or through `Value.detach` has no gradient. Reading `Value.data` and computing
 * with plain arrays is a stop-gradient as well; such results come back by `constant`.
 */
export class Tape {
  readonly token: Axis;
  readonly rollout: Axis;
  readonly group: Axis;
  /** One entry: a scalar. */
  readonly batch = new Axis('batch', 1);
  /** [rollouts] Tokens that carry loss in each rollout. */
  readonly lengths: Float64Array;

  private readonly positions: Int32Array | undefined;
  private readonly inputs = new Map<DifferentiableColumn, Value>();
  private readonly columns = new Map<ColumnName, Value>();
  private readonly steps: { output: Value; backward: (gradient: Float64Array) => void }[] = [];
  private readonly spare = new Map<number, Float64Array[]>();
  private readonly constants: Float64Array[] = [];
  private readsTopK = false;
  private topKGradient: Float64Array | undefined;

  /**
   * `replay`: constants of an earlier tape over the same formula (`recordedConstants`), used instead of those that this
   * one meets. Finite differences then see stop-gradients as what they are; see `gradient-check.ts`.
   */
  constructor(
    readonly source: RolloutBatch,
    private readonly replay?: readonly Float64Array[],
  ) {
    const { positions, rolloutOf, lengths } = lossTokens(source);
    const groups = denseGroups(source.group);
    this.positions = positions.length === source.mask.length ? undefined : positions;
    this.lengths = lengths;
    this.group = new Axis('group', groups.count);
    this.rollout = new Axis('rollout', source.group.length).partOf(this.group, groups.index);
    this.token = new Axis('token', positions.length).partOf(this.rollout, rolloutOf);
  }

  /** A token column that the loss is differentiated by. */
  input(name: Exclude<DifferentiableColumn, 'topK'>): Value {
    const known = this.inputs.get(name);
    if (known !== undefined) return known;
    const value = new Value(this, this.token, this.compact(requireColumn(this.source, name)), true);
    this.inputs.set(name, value);
    return value;
  }

  /**
   * The top-k columns as the batch has them, for an operation that walks `positions` itself: with many entries a token
   * copies would cost more than the arithmetic. Its gradient goes back by `addTopKGradient`.
   */
  wholeTopK(): { readonly topK: TopKColumns; readonly positions: Int32Array } {
    const { topK } = this.source;
    if (topK === undefined) throw new Error('Tape: topK is missing from the batch; ask the engine for it');
    this.readsTopK = true;
    return { topK, positions: this.positions ?? Int32Array.from(this.source.mask.keys()) };
  }

  /** Adds to the gradient by the top-k log-probs: an entry for each of the batch. The array is used, not copied. */
  addTopKGradient(gradient: Float64Array): void {
    const sum = this.topKGradient;
    if (sum === undefined) this.topKGradient = gradient;
    else for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]!;
  }

  /** A token column of the batch, without gradient. */
  column(name: ColumnName): Value {
    const known = this.columns.get(name);
    if (known !== undefined) return known;
    const value = this.tokenConstant(requireColumn(this.source, name));
    this.columns.set(name, value);
    return value;
  }

  /** A column with an entry for every token of the batch, without gradient; entries under the mask are left out. */
  tokenConstant(full: ArrayLike<number>): Value {
    return this.constant(this.token, this.compact(full));
  }

  /** [axis.size] Values without gradient. The array is used, not copied. */
  constant(axis: Axis, data: Float64Array): Value {
    if (data.length !== axis.size) {
      throw new Error(`Tape.constant: axis ${axis.name} has ${axis.size} entries, got ${data.length}`);
    }
    const kept = this.replay?.[this.constants.length] ?? data;
    this.constants.push(kept);
    return new Value(this, axis, kept, false);
  }

  /** [rollouts] Entry of the token axis of each rollout's last token, -1 for a rollout without any. */
  get lastTokens(): Int32Array {
    let end = 0;
    return Int32Array.from(this.lengths, (length) => {
      end += length;
      return length > 0 ? end - 1 : -1;
    });
  }

  /** One number for every token. */
  fill(value: number): Value {
    return this.constant(this.token, new Float64Array(this.token.size).fill(value));
  }

  /** Registers an operation: called by the operations of `Value`, and by methods that bring their own. */
  record(output: Value, backward: (gradient: Float64Array) => void): Value {
    if (output.differentiable) this.steps.push({ output, backward });
    return output;
  }

  /** A cleared array for a gradient, reused within the backward pass. */
  take(size: number): Float64Array {
    const array = this.spare.get(size)?.pop();
    return array === undefined ? new Float64Array(size) : array.fill(0);
  }

  /**
   * Gradients of a scalar by every differentiable input, an entry for every token of the batch and 0 under the mask.
   * A tape is walked back once.
   */
  gradients(loss: Value): Partial<Record<DifferentiableColumn, Float64Array>> {
    if (loss.axis !== this.batch) {
      throw new Error(`Tape.gradients: the loss must be a scalar, got one value a ${loss.axis.name}; aggregate it`);
    }
    if (loss.differentiable) loss.gradient()[0] = 1;
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      const gradient = step.output.releaseGradient();
      if (gradient === undefined) continue;
      step.backward(gradient);
      this.giveBack(gradient);
    }
    const result: Partial<Record<DifferentiableColumn, Float64Array>> = {};
    for (const [name, value] of this.inputs) {
      result[name] = this.scatter(value.releaseGradient() ?? new Float64Array(value.axis.size));
    }
    if (this.readsTopK) {
      result.topK = this.topKGradient ?? new Float64Array(this.source.topK?.logProb.length ?? 0);
    }
    return result;
  }

  /** Constants and stop-gradients met so far, in order; see `replay`. */
  get recordedConstants(): readonly Float64Array[] {
    return this.constants;
  }

  /** Entries of a token column at tokens that carry loss. */
  compact(full: ArrayLike<number>): Float64Array {
    const expected = this.source.mask.length;
    if (full.length !== expected) {
      throw new Error(`Tape.compact: a token column must have ${expected} entries, got ${full.length}`);
    }
    const { positions } = this;
    if (positions === undefined) return Float64Array.from(full);
    const out = new Float64Array(positions.length);
    for (let i = 0; i < positions.length; i++) out[i] = full[positions[i]!]!;
    return out;
  }

  /** Inverse of `compact`; 0 at tokens that carry no loss. */
  scatter(compacted: Float64Array): Float64Array {
    const { positions } = this;
    if (positions === undefined) return compacted;
    const out = new Float64Array(this.source.mask.length);
    for (let i = 0; i < positions.length; i++) out[positions[i]!] = compacted[i]!;
    return out;
  }

  private giveBack(array: Float64Array): void {
    const list = this.spare.get(array.length);
    if (list === undefined) this.spare.set(array.length, [array]);
    else list.push(array);
  }
}

function requireColumn(batch: RolloutBatch, name: ColumnName): Float64Array {
  const column = batch.columns[name];
  if (column === undefined) {
    throw new Error(`Tape: column ${name} is missing from the batch; list it in the objective's needs`);
  }
  return column;
}
