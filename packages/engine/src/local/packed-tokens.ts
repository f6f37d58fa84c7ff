import type { TokenBatch } from '../engine.js';
import { fillBins, type Placed, type SplitSequence } from './attention-bins.js';
import type { MicroBatch } from './packing.js';

/**
 * A micro-batch as flat arrays for the graph. Tokens are computed without padding and shared prefixes once: first one
 * token of padding, then the prefixes, then the sequences' own tokens. Attention alone works in a matrix of `batch`
 * bins by `time` cells, into which tokens are copied; a free cell holds the token of padding, and each bin ends with one.
 */
export interface PackedTokens {
  readonly batch: number;
  readonly time: number;
  /** [tokens] */
  readonly ids: Int32Array;
  /** [tokens] Position of each token in its own sequence. */
  readonly positions: BigInt64Array;
  /** [batch, time, time] 0 where the token of a cell may look, a large negative number elsewhere. */
  readonly mask: Float32Array;
  readonly cells: CellIndices;
  /** Index into `TokenBatch.tokens` of each scored token. */
  readonly source: Int32Array;
  /** Token that predicts each scored one; the last of a prefix predicts one of each member. */
  readonly rows: BigInt64Array;
  readonly targets: BigInt64Array;
  readonly inverseTemperature: Float32Array;
  /** Where each sequence's own tokens stand in attention, by index in the batch. */
  readonly places: ReadonlyMap<number, { readonly bin: number; readonly at: number }>;
}

/** Which token a cell holds, and in which cells a token stands. */
export interface CellIndices {
  /** [batch * time] The token whose query each cell holds: of the copies of a token, the first one only. */
  readonly queryTokens: Int32Array;
  /** [batch * time] The token whose key and value each cell holds. */
  readonly keyTokens: Int32Array;
  /** [tokens] First cell of each token. */
  readonly tokenCells: Int32Array;
  /** [copies, shared] All cells of the first tokens, those that may stand in several; free cells where there are fewer. */
  readonly sharedCells: Int32Array;
  /** Number of tokens in `sharedCells`. */
  readonly shared: number;
}

const HIDDEN = -1e9;

export function packTokens(batch: TokenBatch, micro: MicroBatch): PackedTokens {
  const { split, shared, tokens } = numberTokens(batch, micro);
  const { bins, width } = fillBins(split.map(({ span }) => span));
  const ids = new Int32Array(tokens);
  const positions = new BigInt64Array(tokens);
  const source: number[] = [];
  const rows: number[] = [];
  const places = new Map<number, { bin: number; at: number }>();
  const placeOfOwn = new Map(bins.flatMap((bin, b) => bin.map(({ at, span }) => [span, { bin: b, at }] as const)));
  for (const { index, span } of split) {
    const { prefix, own } = span;
    const [from, to] = [batch.offsets[index] as number, batch.offsets[index + 1] as number];
    const tokenOf = (r: number) => (r < prefix.length ? prefix.token + r : own.token + r - prefix.length);
    for (let r = 0; r < to - from - 1; r++) {
      ids[tokenOf(r)] = batch.tokens[from + r] as number;
      positions[tokenOf(r)] = BigInt(r);
    }
    for (let t = from + 1; t < to; t++) {
      if (batch.scored !== undefined && batch.scored[t] !== 1) continue;
      source.push(t);
      rows.push(tokenOf(t - from - 1));
    }
    places.set(index, placeOfOwn.get(own) as { bin: number; at: number });
  }
  const { temperature = 1 } = batch;
  const inverse = (t: number) => 1 / (typeof temperature === 'number' ? temperature : (temperature[t] as number));
  return {
    batch: bins.length,
    time: width,
    ids,
    positions,
    mask: maskOf(bins, width),
    cells: indexCells(bins, width, tokens, shared),
    source: Int32Array.from(source),
    rows: BigInt64Array.from(rows, BigInt),
    targets: BigInt64Array.from(source, (t) => BigInt(batch.tokens[t] as number)),
    inverseTemperature: Float32Array.from(source, inverse),
    places,
  };
}

/** Gives every token its number: 0 is padding, then the prefixes, then what each sequence has of its own. */
function numberTokens({ offsets }: TokenBatch, { families }: MicroBatch) {
  let next = 1;
  const prefixes = families.map(({ prefix: length }) => {
    const span = { token: next, length };
    next += length;
    return span;
  });
  const shared = next;
  const split: { index: number; span: SplitSequence }[] = [];
  families.forEach(({ sequences }, family) => {
    const prefix = prefixes[family] as SplitSequence['prefix'];
    for (const index of sequences) {
      const length = (offsets[index + 1] as number) - (offsets[index] as number) - 1 - prefix.length;
      split.push({ index, span: { family, prefix, own: { token: next, length } } });
      next += length;
    }
  });
  return { split, shared, tokens: next };
}

/** A cell sees the prefix that it continues, and its own span up to itself. */
function maskOf(bins: readonly Placed[][], width: number): Float32Array {
  const mask = new Float32Array(bins.length * width * width).fill(HIDDEN);
  bins.forEach((bin, b) => {
    for (const { at, span, prefixAt, prefixLength } of bin) {
      for (let i = at; i < at + span.length; i++) {
        const row = (b * width + i) * width;
        mask.fill(0, row + prefixAt, row + prefixAt + prefixLength);
        mask.fill(0, row + at, row + i + 1);
      }
    }
  });
  return mask;
}

function indexCells(bins: readonly Placed[][], width: number, tokens: number, shared: number): CellIndices {
  const cells = bins.length * width;
  const keyTokens = new Int32Array(cells);
  const copies: number[][] = Array.from({ length: tokens }, () => []);
  bins.forEach((bin, b) => {
    for (const { at, span } of bin) {
      for (let i = 0; i < span.length; i++) {
        keyTokens[b * width + at + i] = span.token + i;
        copies[span.token + i]?.push(b * width + at + i);
      }
    }
  });
  const free = width - 1;
  const tokenCells = Int32Array.from(copies, ([first = free]) => first);
  const queryTokens = new Int32Array(cells);
  tokenCells.forEach((cell, token) => (queryTokens[cell] = token));
  const most = Math.max(1, ...copies.slice(0, shared).map(({ length }) => length));
  const sharedCells = new Int32Array(most * shared).fill(free);
  for (let token = 0; token < shared; token++) {
    copies[token]?.forEach((cell, copy) => (sharedCells[copy * shared + token] = cell));
  }
  return { queryTokens, keyTokens, tokenCells, sharedCells, shared };
}
