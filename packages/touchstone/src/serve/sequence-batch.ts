import type { TokenBatch } from '@touchstone/engine';

/** Whole sequences, with columns wanted from token `from` of each on; the first token of a sequence has none. */
export function sequenceBatch(sequences: readonly Int32Array[], from: number): TokenBatch {
  const offsets = new Int32Array(sequences.length + 1);
  sequences.forEach(({ length }, i) => (offsets[i + 1] = (offsets[i] as number) + length));
  const tokens = new Int32Array(offsets.at(-1) as number);
  const scored = new Uint8Array(tokens.length);
  sequences.forEach((sequence, i) => {
    tokens.set(sequence, offsets[i]);
    scored.fill(1, (offsets[i] as number) + Math.max(1, from), offsets[i + 1]);
  });
  return { tokens, offsets, scored };
}
