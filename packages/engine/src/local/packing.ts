import type { TokenBatch } from '../engine.js';

/** Sequences that run through the graph together. */
export interface MicroBatch {
  readonly families: readonly Family[];
}

/** Sequences of a micro-batch that begin with the same tokens, which are computed once. */
export interface Family {
  /** Indices in the batch. */
  readonly sequences: readonly number[];
  /** Number of common first tokens; 0 for a sequence alone. Every sequence has further ones. */
  readonly prefix: number;
}

/** Bounds of a micro-batch; a single sequence may exceed them. */
export interface MicroBatchLimits {
  /** Tokens that are computed. */
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
 * Cuts a batch into micro-batches within the limits and of about equal size. Sequences with equal prompts share them.
 * Sequences without scored tokens are left out.
 *
 * @param among The sequences to pack; absent: all.
 */
export function packSequences(batch: TokenBatch, limits: MicroBatchLimits, among?: ReadonlySet<number>): MicroBatch[] {
  const sequences = describeSequences(batch).filter(({ index }) => among?.has(index) ?? true);
  const groups = groupByPrompt(batch, sequences);
  const tokens = groups.reduce((sum, { members, prefix }) => sum + prefix + restOf(members, prefix), 0);
  const enough = tokens / Math.ceil(tokens / limits.tokens);
  const result: { families: { sequences: number[]; prefix: number }[]; tokens: number; scored: number }[] = [];
  for (const { members, prefix } of groups) {
    let family: { sequences: number[]; prefix: number } | undefined;
    for (const { index, length, scored } of members) {
      let last = result.at(-1);
      const more = family ? length - prefix : length;
      const full =
        !last || last.tokens >= enough || last.tokens + more > limits.tokens || last.scored + scored > limits.scored;
      if (!last || full) {
        result.push((last = { families: [], tokens: 0, scored: 0 }));
        family = undefined;
      }
      last.tokens += family ? length - prefix : length;
      last.scored += scored;
      if (family) family.sequences.push(index);
      else last.families.push((family = { sequences: [index], prefix }));
    }
  }
  return result.map(({ families }) => ({ families }));
}

function restOf(members: readonly Sequence[], prefix: number): number {
  return members.reduce((sum, { length }) => sum + length - prefix, 0);
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

/** Sequences with equal prompts, the groups with the longest sequences first: attention pads to the longest. */
function groupByPrompt({ tokens, offsets }: TokenBatch, sequences: readonly Sequence[]) {
  const groups = new Map<string, Sequence[]>();
  for (const sequence of sequences) {
    const from = offsets[sequence.index] as number;
    const key = tokens.subarray(from, from + sequence.prompt).join();
    const group = groups.get(key);
    if (group) group.push(sequence);
    else groups.set(key, [sequence]);
  }
  const longest = (members: readonly Sequence[]) => Math.max(...members.map(({ length }) => length));
  return [...groups.values()]
    .sort((a, b) => longest(b) - longest(a) || (a[0] as Sequence).index - (b[0] as Sequence).index)
    .map((members) => ({ members, prefix: commonPrefix(members) }));
}

function commonPrefix(members: readonly Sequence[]): number {
  if (members.length === 1) return 0;
  return Math.min(...members.map(({ prompt, length }) => Math.min(prompt, length - 1)));
}
