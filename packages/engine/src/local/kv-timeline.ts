import type { ModelConfig } from '../model/config.js';
import { tensor, type Tensor } from './session.js';

/** Keys and values of prompts as the prefill graph gives them: [time, batch, kvHeads, headDim] a layer. */
export interface PrefilledLayers {
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
  readonly batch: number;
}

/**
 * The key-value cache of all rows on one common timeline: [time, rows, kvHeads, headDim] a layer. A step appends one
 * slice in place for all rows at once. A row that starts late has its prompt written just before the present; what
 * lies before that belongs to its predecessor and is masked. Positions inside a sequence are a row's own affair.
 */
export class KvTimeline {
  private readonly keys: Float32Array[];
  private readonly values: Float32Array[];
  private readonly cell: number;
  /** The window of times that some row still needs: start <= time < end. */
  start: number;
  end: number;

  /** @param present Time of the first step: the longest prompt must fit before it. */
  constructor(
    private readonly config: ModelConfig,
    public rows: number,
    private readonly capacity: number,
    private readonly present: number,
  ) {
    this.cell = config.kvHeads * config.headDim;
    const layer = () => new Float32Array(capacity * rows * this.cell);
    this.keys = Array.from({ length: config.layers }, layer);
    this.values = Array.from({ length: config.layers }, layer);
    this.start = this.end = present;
  }

  get past(): number {
    return this.end - this.start;
  }

  /** Writes a prompt's keys and values just before the present; returns the time of its first token. */
  insert(row: number, prefilled: PrefilledLayers, column: number, length: number): number {
    const first = this.end - length;
    for (const [into, from] of [
      [this.keys, prefilled.keys],
      [this.values, prefilled.values],
    ] as const) {
      for (let layer = 0; layer < into.length; layer++) {
        for (let t = 0; t < length; t++) {
          const source = (t * prefilled.batch + column) * this.cell;
          const target = ((first + t) * this.rows + row) * this.cell;
          (into[layer] as Float32Array).set((from[layer] as Float32Array).subarray(source, source + this.cell), target);
        }
      }
    }
    this.start = Math.min(this.start, first);
    return first;
  }

  /** The past as the decode graph reads it. */
  feeds(): Record<string, Tensor> {
    return this.views('past ', this.start, this.end);
  }

  /** Where the decode graph writes the present. */
  fetches(): Record<string, Tensor> {
    return this.views('', this.end, this.end + 1);
  }

  /**
   * Ends a step. `firstNeeded` is the earliest time that a living row still looks at. Returns by how much all times
   * moved when the window was slid back to the beginning of the buffer (0: not at all).
   */
  advance(firstNeeded: number): number {
    this.end++;
    this.start = Math.min(firstNeeded, this.end);
    if (this.end < this.capacity) return 0;
    const slice = this.rows * this.cell;
    const target = Math.max(0, this.present - this.past);
    const moved = this.start - target;
    for (const layer of [...this.keys, ...this.values]) {
      layer.copyWithin(target * slice, this.start * slice, this.end * slice);
    }
    this.start = target;
    this.end -= moved;
    return moved;
  }

  /** Keeps only the given rows, in that order, so that the next steps compute nothing for the others. */
  keepRows(kept: readonly number[]): void {
    for (const layer of [...this.keys, ...this.values]) {
      for (let time = this.start; time < this.end; time++) {
        // Ascending order never overwrites a cell that is still to be read.
        for (let row = 0; row < kept.length; row++) {
          const source = (time * this.rows + (kept[row] as number)) * this.cell;
          layer.copyWithin((time * kept.length + row) * this.cell, source, source + this.cell);
        }
      }
    }
    this.rows = kept.length;
  }

  private views(prefix: string, from: number, to: number): Record<string, Tensor> {
    const { kvHeads, headDim, layers } = this.config;
    const slice = this.rows * this.cell;
    const shape = [to - from, this.rows, kvHeads, headDim];
    const views: Record<string, Tensor> = {};
    for (let layer = 0; layer < layers; layer++) {
      const view = (data: Float32Array[]) =>
        tensor((data[layer] as Float32Array).subarray(from * slice, to * slice), shape);
      views[`${prefix}keys:${layer}`] = view(this.keys);
      views[`${prefix}values:${layer}`] = view(this.values);
    }
    return views;
  }
}
