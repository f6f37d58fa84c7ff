export interface Bm25Options {
  /** How soon repeated words stop counting. */
  readonly k1?: number;
  /** How much long documents lose: 0 nothing, 1 all. */
  readonly b?: number;
}

/**
 * [documents] Okapi BM25 of a query: over its words w, repeated ones again, the sum of
 * idf(w) f (k1 + 1) / (f + k1 (1 - b + b |d| / mean |d|)) with f the count of w in the document and
 * idf(w) = ln(1 + (N - n_w + 0.5) / (n_w + 0.5)), n_w of N documents having w. Words are lower-case runs between white
 * space. A shared constant index would only pay for itself with thousands of documents.
 */
export function bm25Scores(
  documents: readonly string[],
  query: string,
  { k1 = 1.5, b = 0.75 }: Bm25Options = {},
): number[] {
  const counts = documents.map((text) => countWords(text));
  const lengths = documents.map((text) => wordsOf(text).length);
  const average = lengths.reduce((sum, length) => sum + length, 0) / Math.max(documents.length, 1);
  const idf = (word: string) => {
    const having = counts.filter((count) => count.has(word)).length;
    return Math.log(1 + (documents.length - having + 0.5) / (having + 0.5));
  };
  const terms = wordsOf(query).map((word) => ({ word, weight: idf(word) }));
  return counts.map((count, d) => {
    const damping = k1 * (1 - b + (average > 0 ? (b * lengths[d]!) / average : 0));
    return terms.reduce((sum, { word, weight }) => {
      const f = count.get(word) ?? 0;
      return f > 0 ? sum + (weight * f * (k1 + 1)) / (f + damping) : sum;
    }, 0);
  });
}

/** The best documents, best first; of equal scores the earlier, which is the older entry of a buffer. */
export function bm25Top(scores: readonly number[], count: number): number[] {
  const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order.slice(0, count);
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
