/** Which tokens may follow a prefix of an item: every item ends in the end token. */
export class ItemTrie {
  private readonly following = new Map<string, Set<number>>();

  /** `items`: token ids of each item, without the end token. */
  constructor(
    items: Iterable<readonly number[]>,
    readonly end: number,
  ) {
    for (const item of items) {
      [...item, end].forEach((token, i) => this.after(item.slice(0, i)).add(token));
    }
  }

  /** Allowed next tokens, rising. Throws for a prefix of no item: behind it anything would be allowed. */
  next(prefix: readonly number[]): number[] {
    const tokens = this.following.get(keyOf(prefix));
    if (tokens === undefined) {
      throw new Error(`ItemTrie.next: the prefix must begin an item, got ${keyOf(prefix)}; add the item to the trie`);
    }
    return [...tokens].sort((a, b) => a - b);
  }

  /** Every prefix, as its tokens joined by dashes, with its allowed next tokens. */
  entries(): [prefix: string, next: number[]][] {
    return [...this.following].map(([prefix, tokens]) => [prefix, [...tokens].sort((a, b) => a - b)]);
  }

  private after(prefix: readonly number[]): Set<number> {
    const key = keyOf(prefix);
    const known = this.following.get(key) ?? new Set<number>();
    this.following.set(key, known);
    return known;
  }
}

export function keyOf(prefix: readonly number[]): string {
  return prefix.join('-');
}

export interface Beam {
  readonly item: readonly number[];
  /** Sum of log-probs, the end token's included, over length^lengthPenalty. */
  readonly score: number;
}

export interface BeamOptions {
  readonly beams: number;
  /** 0: scores are plain sums. */
  readonly lengthPenalty?: number;
  /** Whether log-probs are renormalised over the allowed tokens; ReRe does not. */
  readonly renormalise?: boolean;
}

interface Path {
  readonly tokens: readonly number[];
  readonly sum: number;
}

/**
 * Items of a trie by beam search, best first; at most `beams`, all valid and distinct. `logProbs` gives the log-probs of
 * the whole vocabulary behind a prefix. As in transformers: of the 2 x beams best continuations those that end enter the
 * pool if they are among the first `beams`, the others live on; the search stops when the pool is full and no living
 * path beats its worst entry. Deterministic: of equal scores the earlier path and the smaller token win.
 */
export function constrainedBeams(
  trie: ItemTrie,
  logProbs: (prefix: readonly number[]) => ArrayLike<number>,
  { beams, lengthPenalty = 0, renormalise = false }: BeamOptions,
): Beam[] {
  const scoreOf = ({ tokens, sum }: Path) => sum / tokens.length ** lengthPenalty;
  let alive: Path[] = [{ tokens: [], sum: 0 }];
  let pool: Beam[] = [];
  while (alive.length > 0) {
    const continued = alive.flatMap(({ tokens, sum }) => {
      const allowed = trie.next(tokens);
      const scores = logProbs(tokens);
      const shift = renormalise ? logSumExp(allowed.map((token) => scores[token]!)) : 0;
      return allowed.map((token): Path => ({ tokens: [...tokens, token], sum: sum + scores[token]! - shift }));
    });
    const best = continued.sort((a, b) => b.sum - a.sum).slice(0, 2 * beams);
    const ended = best.slice(0, beams).filter(({ tokens }) => tokens.at(-1) === trie.end);
    pool = [...pool, ...ended.map((path) => ({ item: path.tokens.slice(0, -1), score: scoreOf(path) }))];
    pool = pool.sort((a, b) => b.score - a.score).slice(0, beams);
    alive = best.filter(({ tokens }) => tokens.at(-1) !== trie.end).slice(0, beams);
    if (pool.length === beams && alive.every((path) => scoreOf(path) <= pool[beams - 1]!.score)) break;
  }
  return pool;
}

function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}
