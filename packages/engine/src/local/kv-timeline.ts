import type { ModelConfig } from '../model/config.js';
import { tensor, type Tensor } from './session.js';

/** Keys and values of prompts as the prefill graph gives them: [batch, kvHeads, time, headDim] a layer. */
export interface PrefilledLayers {
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
  readonly batch: number;
}

/** The bin of a prompt, and where it begins there. */
export interface PromptPlace {
  readonly bin: number;
  readonly at: number;
}

interface CacheTensors {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly fetches: Readonly<Record<string, Tensor>>;
}

/** Times by which the room grows: the graph reads all of it, and moving the cache costs about as much as reading it. */
const BLOCK = 16;

/**
 * The key-value cache of all rows on one common timeline: [rows, kvHeads, room, headDim] a layer, so that a row's past
 * is read in one sweep. A row that starts late has its prompt written just before the present; what lies before that
 * belongs to its predecessor and is masked. Positions inside a sequence are a row's own affair.
 */
export class KvTimeline {
  private readonly keys: Float32Array[];
  private readonly values: Float32Array[];
  /** Keys and values of the present, [rows, kvHeads, headDim] a layer. */
  private readonly newKeys: Float32Array[];
  private readonly newValues: Float32Array[];
  /** The cells of each of these, made once: to view one takes as long as to copy it into its cache. */
  private readonly presentCells: { readonly cache: Float32Array; readonly cells: readonly Float32Array[] }[];
  /** Times that the present layout of the cache has room for. */
  private room: number;
  /** What `tensors` gives until the layout changes. */
  private laidOut: CacheTensors | undefined;
  /** The present: times before it are written. */
  end: number;

  /**
   * @param capacity Most times that some row looks back at, once.
   * @param present Time of the first step: the longest prompt must fit before it.
   */
  constructor(
    private readonly config: ModelConfig,
    public rows: number,
    capacity: number,
    private readonly present: number,
  ) {
    const { layers, kvHeads, headDim } = config;
    const layersOf = (length: number) => Array.from({ length: layers }, () => new Float32Array(length));
    const cell = rows * kvHeads * headDim;
    this.keys = layersOf(cell * KvTimeline.mostRoom(capacity));
    this.values = layersOf(cell * KvTimeline.mostRoom(capacity));
    this.newKeys = layersOf(cell);
    this.newValues = layersOf(cell);
    const cellsOf = (cache: Float32Array, present: Float32Array) => ({
      cache,
      cells: Array.from({ length: rows * kvHeads }, (_, i) => present.subarray(i * headDim, (i + 1) * headDim)),
    });
    this.presentCells = [
      ...this.keys.map((cache, layer) => cellsOf(cache, this.newKeys[layer] as Float32Array)),
      ...this.values.map((cache, layer) => cellsOf(cache, this.newValues[layer] as Float32Array)),
    ];
    this.end = present;
    this.room = roomFor(present + 1);
  }

  /** Times a row takes memory for when it looks back at `capacity` of them. */
  static mostRoom(capacity: number): number {
    return roomFor(capacity) + BLOCK;
  }

  /** Times that the decode graph reads. */
  get past(): number {
    return this.room;
  }

  /** Writes a prompt's keys and values just before the present; returns the time of its first token. */
  insert(row: number, prefilled: PrefilledLayers, place: PromptPlace, length: number): number {
    const { kvHeads, headDim } = this.config;
    const first = this.end - length;
    for (const [into, from] of [
      [this.keys, prefilled.keys],
      [this.values, prefilled.values],
    ] as const) {
      into.forEach((cache, layer) => {
        const prompts = from[layer] as Float32Array;
        const time = prompts.length / (prefilled.batch * kvHeads * headDim);
        for (let head = 0; head < kvHeads; head++) {
          const source = ((place.bin * kvHeads + head) * time + place.at) * headDim;
          const target = ((row * kvHeads + head) * this.room + first) * headDim;
          cache.set(prompts.subarray(source, source + length * headDim), target);
        }
      });
    }
    return first;
  }

  /** The past as the decode graph reads it, and where it writes the present. */
  tensors(): CacheTensors {
    return (this.laidOut ??= this.layOut());
  }

  private layOut(): CacheTensors {
    const { kvHeads, headDim, layers } = this.config;
    const cells = this.rows * kvHeads;
    const feeds: Record<string, Tensor> = {};
    const fetches: Record<string, Tensor> = {};
    const past = (data: Float32Array) =>
      tensor(data.subarray(0, cells * this.room * headDim), [this.rows, kvHeads, this.room, headDim]);
    const present = (data: Float32Array) => tensor(data.subarray(0, cells * headDim), [this.rows, kvHeads * headDim]);
    for (let layer = 0; layer < layers; layer++) {
      feeds[`past keys:${layer}`] = past(this.keys[layer] as Float32Array);
      feeds[`past values:${layer}`] = past(this.values[layer] as Float32Array);
      fetches[`keys:${layer}`] = present(this.newKeys[layer] as Float32Array);
      fetches[`values:${layer}`] = present(this.newValues[layer] as Float32Array);
    }
    return { feeds, fetches };
  }

  /** For each row what is added to its scores, [rows, past]; `starts` is the first time that a row looks at. */
  mask(starts: readonly number[]): Float32Array {
    const mask = new Float32Array(this.rows * this.room);
    starts.forEach((start, row) => {
      mask.fill(HIDDEN, row * this.room, row * this.room + start);
      mask.fill(HIDDEN, row * this.room + this.end, (row + 1) * this.room);
    });
    return mask;
  }

  /**
   * Ends a step: what the graph wrote becomes part of the past. `firstNeeded` is the earliest time that a living row
   * still looks at. Returns by how much all times moved back (0: not at all).
   */
  advance(firstNeeded: number): number {
    const moved = this.end === this.room ? this.makeRoom(firstNeeded) : 0;
    const { kvHeads, headDim } = this.config;
    const count = this.rows * kvHeads;
    for (const { cache, cells } of this.presentCells) {
      for (let cell = 0; cell < count; cell++) {
        cache.set(cells[cell] as Float32Array, (cell * this.room + this.end) * headDim);
      }
    }
    this.end++;
    return moved;
  }

  /** Keeps only the given rows, in that order, so that the next steps compute nothing for the others. */
  keepRows(kept: readonly number[]): void {
    const size = this.config.kvHeads * this.room * this.config.headDim;
    for (const layer of [...this.keys, ...this.values]) {
      // Ascending order never overwrites a row that is still to be read.
      kept.forEach((row, i) => layer.copyWithin(i * size, row * size, (row + 1) * size));
    }
    this.rows = kept.length;
    this.laidOut = undefined;
  }

  /** Forgets what no row needs, and lays the cache out with more room where that is not enough. */
  private makeRoom(firstNeeded: number): number {
    const { kvHeads, headDim } = this.config;
    const moved = Math.max(0, Math.min(firstNeeded, this.end - this.present));
    const kept = (this.end - moved) * headDim;
    const [before, after] = [this.room, roomFor(this.end - moved + 1)];
    for (const layer of [...this.keys, ...this.values]) {
      const move = (cell: number, to: number, from: number) =>
        layer.copyWithin(
          cell * to * headDim,
          (cell * before + from) * headDim,
          (cell * before + from) * headDim + kept,
        );
      const cells = this.rows * kvHeads;
      // Towards the beginning in ascending order, towards the end in descending: nothing is overwritten unread.
      if (moved > 0) for (let cell = 0; cell < cells; cell++) move(cell, before, moved);
      if (after > before) for (let cell = cells - 1; cell > 0; cell--) move(cell, after, 0);
      else for (let cell = 1; cell < cells; cell++) move(cell, after, 0);
    }
    this.room = after;
    this.laidOut = undefined;
    this.end -= moved;
    return moved;
  }
}

const HIDDEN = -1e9;

function roomFor(times: number): number {
  return Math.ceil(times / BLOCK) * BLOCK;
}
