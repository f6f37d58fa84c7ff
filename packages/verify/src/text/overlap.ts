/** @file Overlap of two token sequences: F1, ROUGE-L, BLEU, and the longest common subsequence they rest on. */

/** How often each item occurs. */
export function countItems<T>(items: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** Size of the multiset intersection. */
function sharedCount<T>(left: readonly T[], right: readonly T[]): number {
  const counts = countItems(left);
  let shared = 0;
  for (const [item, count] of countItems(right)) shared += Math.min(count, counts.get(item) ?? 0);
  return shared;
}

/** Harmonic mean of `hits / candidates` and `hits / references`; 0 when there are no hits. */
export function f1(hits: number, candidates: number, references: number): number {
  return hits === 0 ? 0 : (2 * hits) / (candidates + references);
}

/** Bag-of-tokens F1 in [0, 1]; 1 when both are empty. */
export function tokenF1<T>(candidate: readonly T[], reference: readonly T[]): number {
  if (candidate.length === 0 && reference.length === 0) return 1;
  return f1(sharedCount(candidate, reference), candidate.length, reference.length);
}

/** Cells of the dynamic programme beyond which {@link lcsLength} refuses: some tens of milliseconds of work. */
const mostCells = 25_000_000;

/**
 * Length of the longest common subsequence, by the classic dynamic programme over two rows.
 * Returns null when `left.length * right.length` exceeds 25 million, so that work stays bounded.
 */
export function lcsLength<T>(left: readonly T[], right: readonly T[]): number | null {
  if (left.length * right.length > mostCells) return null;
  const ids = new Map<T, number>();
  const number = (item: T): number => {
    const id = ids.get(item) ?? ids.size;
    ids.set(item, id);
    return id;
  };
  const columns = Int32Array.from(right, number);
  const row = new Int32Array(columns.length + 1);
  for (const item of left) {
    const id = number(item);
    let diagonal = 0;
    for (let column = 0; column < columns.length; column++) {
      const above = row[column + 1]!;
      row[column + 1] = columns[column] === id ? diagonal + 1 : Math.max(above, row[column]!);
      diagonal = above;
    }
  }
  return row[columns.length]!;
}

/** ROUGE-L F1 (Lin 2004) in [0, 1]; null when the sequences are too long to compare. */
export function rougeL<T>(candidate: readonly T[], reference: readonly T[]): number | null {
  const common = lcsLength(candidate, reference);
  return common === null ? null : f1(common, candidate.length, reference.length);
}

/** All runs of `order` neighbouring tokens, as strings that are equal iff the runs are. */
export function ngrams(tokens: readonly (string | number)[], order: number): string[] {
  const runs: string[] = [];
  for (let at = 0; at + order <= tokens.length; at++) runs.push(tokens.slice(at, at + order).join('\u0000'));
  return runs;
}

/**
 * BLEU of one candidate against one reference (Papineni et al. 2002), unsmoothed, in [0, 1]: brevity penalty times the
 * geometric mean of the clipped n-gram precisions up to `maxOrder`; any precision of 0 makes it 0. With `lengthAware`
 * the order is lowered to the shorter of the two, so that an answer of one word can score (prs-vspo).
 */
export function bleu(
  candidate: readonly string[],
  reference: readonly string[],
  options: { readonly maxOrder?: number; readonly lengthAware?: boolean } = {},
): number {
  const maxOrder = options.maxOrder ?? 4;
  const order = options.lengthAware ? Math.min(maxOrder, candidate.length, reference.length) : maxOrder;
  if (order === 0 || candidate.length === 0) return 0;
  let logSum = 0;
  for (let n = 1; n <= order; n++) {
    const own = ngrams(candidate, n);
    if (own.length === 0) return 0;
    logSum += Math.log(sharedCount(own, ngrams(reference, n)) / own.length);
  }
  const brevity = candidate.length >= reference.length ? 1 : Math.exp(1 - reference.length / candidate.length);
  return brevity * Math.exp(logSum / order);
}
