import type { TokenBatch } from '../engine.js';

/** Sequences that run through the graph together, each padded to `time` tokens. */
export interface MicroBatch {
  /** Indices into the batch. */
  readonly sequences: readonly number[];
  /** Tokens a row: the longest sequence without its last token, which is predicted but never read. */
  readonly time: number;
}

/** Bounds of a micro-batch; a single sequence may exceed them. */
export interface MicroBatchLimits {
  /** Padded tokens. */
  readonly tokens: number;
  /** Scored tokens: rows of the [scored, vocab] matrices of the head. */
  readonly scored: number;
}

/**
 * Sorts sequences by length and cuts them into micro-batches within the limits, so that short sequences are not padded
 * to the longest. Sequences without scored tokens are left out.
 */
export function packSequences(batch: TokenBatch, scoredCounts: Int32Array, limits: MicroBatchLimits): MicroBatch[] {
  const length = (i: number) => (batch.offsets[i + 1] as number) - (batch.offsets[i] as number) - 1;
  const order = Array.from(scoredCounts.keys()).filter((i) => (scoredCounts[i] as number) > 0);
  order.sort((a, b) => length(b) - length(a) || a - b);
  const result: { sequences: number[]; time: number; scored: number }[] = [];
  for (const sequence of order) {
    const scored = scoredCounts[sequence] as number;
    const last = result.at(-1);
    const fits =
      last !== undefined &&
      (last.sequences.length + 1) * last.time <= limits.tokens &&
      last.scored + scored <= limits.scored;
    if (!fits) {
      result.push({ sequences: [sequence], time: length(sequence), scored });
      continue;
    }
    last.sequences.push(sequence);
    last.scored += scored;
  }
  return result;
}

/** Scored tokens of each sequence; the first token of a sequence has no distribution and never counts. */
export function countScored(batch: TokenBatch): Int32Array {
  const sequences = batch.offsets.length - 1;
  const counts = new Int32Array(sequences);
  for (let i = 0; i < sequences; i++) {
    for (let t = (batch.offsets[i] as number) + 1; t < (batch.offsets[i + 1] as number); t++) {
      if (batch.scored === undefined || batch.scored[t] === 1) counts[i] = (counts[i] as number) + 1;
    }
  }
  return counts;
}

/** A micro-batch as flat arrays for the graph. */
export interface PackedTokens {
  readonly batch: number;
  readonly time: number;
  /** [batch * time], padded with 0 on the right, where causal attention hides it. */
  readonly ids: Int32Array;
  /** Index into `TokenBatch.tokens` of each scored token. */
  readonly source: Int32Array;
  /** Row of the graph that predicts each scored token. */
  readonly rows: BigInt64Array;
  readonly targets: BigInt64Array;
  readonly inverseTemperature: Float32Array;
}

export function packTokens(batch: TokenBatch, { sequences, time }: MicroBatch): PackedTokens {
  const ids = new Int32Array(sequences.length * time);
  const source: number[] = [];
  const rows: number[] = [];
  sequences.forEach((sequence, row) => {
    const from = batch.offsets[sequence] as number;
    const to = batch.offsets[sequence + 1] as number;
    ids.set(batch.tokens.subarray(from, to - 1), row * time);
    for (let t = from + 1; t < to; t++) {
      if (batch.scored !== undefined && batch.scored[t] !== 1) continue;
      source.push(t);
      rows.push(row * time + (t - from - 1));
    }
  });
  const { temperature = 1 } = batch;
  const inverse = (t: number) => 1 / (typeof temperature === 'number' ? temperature : (temperature[t] as number));
  return {
    batch: sequences.length,
    time,
    ids,
    source: Int32Array.from(source),
    rows: BigInt64Array.from(rows, BigInt),
    targets: BigInt64Array.from(source, (t) => BigInt(batch.tokens[t] as number)),
    inverseTemperature: Float32Array.from(source, inverse),
  };
}
