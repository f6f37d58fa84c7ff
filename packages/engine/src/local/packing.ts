import type { TokenBatch } from '../engine.js';
import { bestMembersPerPrefix, type PassCost } from './prefix-sharing.js';

/**
 * Sequences that run through the graph together. `independent` ones are rows of a matrix, each padded to `time`
 * tokens. Those of a `shared` micro-batch begin with the same `prefix` tokens, which are computed once: one row holds
 * the prefix and then the rest of each member, which sees the prefix and itself.
 */
export type MicroBatch =
  | { readonly kind: 'independent'; readonly sequences: readonly number[]; readonly time: number }
  | { readonly kind: 'shared'; readonly sequences: readonly number[]; readonly time: number; readonly prefix: number };

/** Bounds of a micro-batch; a single sequence may exceed them. */
export interface MicroBatchLimits {
  /** Padded tokens. */
  readonly tokens: number;
  /** Scored tokens: rows of the [scored, vocab] matrices of the head. */
  readonly scored: number;
}

/** A sequence with what packing asks of it. Lengths are without the last token, which is predicted but never read. */
interface Sequence {
  readonly index: number;
  readonly length: number;
  readonly scored: number;
  /** Tokens before the first scored one. */
  readonly prompt: number;
}

/**
 * Cuts a batch into micro-batches within the limits. Sequences are sorted by length, so that short ones are not padded
 * to the longest; with a `cost`, those with equal prompts share its computation where that is cheaper. Sequences
 * without scored tokens are left out.
 */
export function packSequences(batch: TokenBatch, limits: MicroBatchLimits, cost?: PassCost): MicroBatch[] {
  const sequences = describeSequences(batch);
  if (!cost) return packIndependent(sequences, limits);
  const alone: Sequence[] = [];
  const shared: MicroBatch[] = [];
  for (const group of groupByPrompt(batch, sequences)) {
    const prefix = (group[0] as Sequence).prompt;
    const members = bestMembersPerPrefix(
      group.map(({ length, scored }) => ({ rest: length - prefix, scored })),
      prefix,
      limits,
      cost,
    );
    if (members === 1) alone.push(...group);
    else shared.push(...packShared(group, prefix, members, limits));
  }
  return [...shared, ...packIndependent(alone, limits)];
}

function packIndependent(sequences: readonly Sequence[], limits: MicroBatchLimits): MicroBatch[] {
  const order = [...sequences].sort((a, b) => b.length - a.length || a.index - b.index);
  const result: { kind: 'independent'; sequences: number[]; time: number; scored: number }[] = [];
  for (const { index, length, scored } of order) {
    const last = result.at(-1);
    const fits =
      last !== undefined &&
      (last.sequences.length + 1) * last.time <= limits.tokens &&
      last.scored + scored <= limits.scored;
    if (!fits) {
      result.push({ kind: 'independent', sequences: [index], time: length, scored });
      continue;
    }
    last.sequences.push(index);
    last.scored += scored;
  }
  return result;
}

function packShared(
  group: readonly Sequence[],
  prefix: number,
  members: number,
  limits: MicroBatchLimits,
): MicroBatch[] {
  const result: { kind: 'shared'; sequences: number[]; time: number; prefix: number; scored: number }[] = [];
  for (const { index, length, scored } of group) {
    const last = result.at(-1);
    const fits =
      last !== undefined &&
      last.sequences.length < members &&
      last.time + length - prefix <= limits.tokens &&
      last.scored + scored <= limits.scored;
    if (!fits) {
      result.push({ kind: 'shared', sequences: [index], time: length, prefix, scored });
      continue;
    }
    last.sequences.push(index);
    last.time += length - prefix;
    last.scored += scored;
  }
  return result;
}

function describeSequences({ offsets, scored }: TokenBatch): Sequence[] {
  const result: Sequence[] = [];
  for (let index = 0; index + 1 < offsets.length; index++) {
    const [from, to] = [offsets[index] as number, offsets[index + 1] as number];
    let count = 0;
    let prompt = 0;
    for (let t = from + 1; t < to; t++) {
      if (scored !== undefined && scored[t] !== 1) continue;
      if (count === 0) prompt = t - from;
      count++;
    }
    if (count > 0) result.push({ index, length: to - from - 1, scored: count, prompt });
  }
  return result;
}

function groupByPrompt({ tokens, offsets }: TokenBatch, sequences: readonly Sequence[]): Sequence[][] {
  const groups = new Map<string, Sequence[]>();
  for (const sequence of sequences) {
    const from = offsets[sequence.index] as number;
    const key = tokens.subarray(from, from + sequence.prompt).join();
    const group = groups.get(key);
    if (group) group.push(sequence);
    else groups.set(key, [sequence]);
  }
  return [...groups.values()];
}

/** A micro-batch as flat arrays for the graph. */
export interface PackedTokens {
  readonly batch: number;
  readonly time: number;
  /** [batch * time], padded with 0 on the right, where the mask hides it. */
  readonly ids: Int32Array;
  /** [batch * time] Position of each token in its own sequence. */
  readonly positions: BigInt64Array;
  /** [time, time] 0 where a token may look, a large negative number elsewhere. */
  readonly mask: Float32Array;
  /** Index into `TokenBatch.tokens` of each scored token. */
  readonly source: Int32Array;
  /** Row of the graph that predicts each scored token; with a shared prefix its last row predicts one of each member. */
  readonly rows: BigInt64Array;
  readonly targets: BigInt64Array;
  readonly inverseTemperature: Float32Array;
}

const HIDDEN = -1e9;

export function packTokens(batch: TokenBatch, micro: MicroBatch): PackedTokens {
  const { sequences, time } = micro;
  const rowsOfBatch = micro.kind === 'shared' ? 1 : sequences.length;
  const prefix = micro.kind === 'shared' ? micro.prefix : 0;
  const ids = new Int32Array(rowsOfBatch * time);
  const positions = new BigInt64Array(rowsOfBatch * time);
  const segments: { readonly from: number; readonly to: number }[] = [{ from: 0, to: prefix }];
  const source: number[] = [];
  const rows: number[] = [];
  let next = prefix;
  sequences.forEach((sequence, row) => {
    const [from, to] = [batch.offsets[sequence] as number, batch.offsets[sequence + 1] as number];
    const start = micro.kind === 'shared' ? next : row * time;
    // Where token r of the sequence stands in the graph.
    const place = (r: number) => (r < prefix ? r : start + r - prefix);
    for (let r = 0; r < to - from - 1; r++) {
      ids[place(r)] = batch.tokens[from + r] as number;
      positions[place(r)] = BigInt(r);
    }
    for (let t = from + 1; t < to; t++) {
      if (batch.scored !== undefined && batch.scored[t] !== 1) continue;
      source.push(t);
      rows.push(place(t - from - 1));
    }
    next = start + to - from - 1 - prefix;
    segments.push({ from: start, to: next });
  });
  const { temperature = 1 } = batch;
  const inverse = (t: number) => 1 / (typeof temperature === 'number' ? temperature : (temperature[t] as number));
  return {
    batch: rowsOfBatch,
    time,
    ids,
    positions,
    mask: micro.kind === 'shared' ? sharedMask(time, prefix, segments) : causalMask(time),
    source: Int32Array.from(source),
    rows: BigInt64Array.from(rows, BigInt),
    targets: BigInt64Array.from(source, (t) => BigInt(batch.tokens[t] as number)),
    inverseTemperature: Float32Array.from(source, inverse),
  };
}

function causalMask(time: number): Float32Array {
  const mask = new Float32Array(time * time);
  for (let i = 0; i < time; i++) mask.fill(HIDDEN, i * time + i + 1, (i + 1) * time);
  return mask;
}

/** Every token sees the prefix, or what of it lies before itself, and its own segment up to itself. */
function sharedMask(time: number, prefix: number, segments: readonly { from: number; to: number }[]): Float32Array {
  const mask = new Float32Array(time * time).fill(HIDDEN);
  for (const { from, to } of segments) {
    for (let i = from; i < to; i++) {
      mask.fill(0, i * time, i * time + Math.min(prefix, i + 1));
      mask.fill(0, i * time + from, i * time + i + 1);
    }
  }
  return mask;
}
