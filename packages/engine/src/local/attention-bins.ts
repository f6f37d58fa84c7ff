/** A run of tokens that stand side by side in a bin: from `token` on, numbered as the graph computes them. */
export interface Span {
  readonly token: number;
  readonly length: number;
}

/** A sequence as attention sees it: the tokens that it shares with others, and its own. */
export interface SplitSequence {
  /** Of the family that shares the prefix. */
  readonly family: number;
  readonly prefix: Span;
  readonly own: Span;
}

/** Spans placed in a row of attention, in order; `prefixAt` is the place of the prefix that an own span looks back at. */
export interface Placed {
  readonly at: number;
  readonly span: Span;
  /** Where the prefix stands in the bin; equal to `at` for a prefix. */
  readonly prefixAt: number;
  readonly prefixLength: number;
}

interface Bin {
  used: number;
  readonly placed: Placed[];
  readonly prefixes: Map<number, number>;
}

/** Widths that are tried, as multiples of the longest sequence. */
const WIDTHS = [1, 2, 4, 8];

/**
 * Rows of attention, each holding sequences that do not see one another: first-fit decreasing, a family's prefix once a
 * bin. Of several widths the one with the fewest pairs of tokens. `width` leaves one place free at the end of each bin.
 */
export function fillBins(sequences: readonly SplitSequence[]): { readonly bins: Placed[][]; readonly width: number } {
  const longest = Math.max(...sequences.map(({ prefix, own }) => prefix.length + own.length));
  const order = [...sequences].sort((a, b) => b.prefix.length + b.own.length - a.prefix.length - a.own.length);
  let best: { bins: Placed[][]; width: number } | undefined;
  for (const multiple of WIDTHS) {
    const bins = firstFit(order, longest * multiple);
    const width = 1 + Math.max(...bins.map(({ used }) => used));
    if (!best || bins.length * width ** 2 < best.bins.length * best.width ** 2) {
      best = { bins: bins.map(({ placed }) => placed), width };
    }
    if (bins.length === 1) break;
  }
  return best as { bins: Placed[][]; width: number };
}

function firstFit(sequences: readonly SplitSequence[], room: number): Bin[] {
  const bins: Bin[] = [];
  for (const { family, prefix, own } of sequences) {
    const needs = (bin: Bin) => own.length + (bin.prefixes.has(family) ? 0 : prefix.length);
    let bin = bins.find((each) => each.used + needs(each) <= room);
    if (!bin) bins.push((bin = { used: 0, placed: [], prefixes: new Map() }));
    let prefixAt = bin.prefixes.get(family);
    if (prefixAt === undefined) {
      prefixAt = bin.used;
      bin.prefixes.set(family, prefixAt);
      bin.placed.push({ at: prefixAt, span: prefix, prefixAt, prefixLength: 0 });
      bin.used += prefix.length;
    }
    bin.placed.push({ at: bin.used, span: own, prefixAt, prefixLength: prefix.length });
    bin.used += own.length;
  }
  return bins;
}
