import { isWord, statements, tokenize, type SqlStatement, type SqlToken } from './tokens.js';

/** What the top-level ORDER BY of a query says about the places of its rows. */
export type RowOrder =
  /** No ORDER BY: any order. */
  | { readonly kind: 'bag' }
  /** `keys`: output columns by which the rows are sorted; rows that agree on them may stand in any order. */
  | { readonly kind: 'list'; readonly keys: readonly number[] | null };

const itemEnds = ['FROM', 'WHERE', 'GROUP', 'HAVING', 'WINDOW', 'ORDER', 'LIMIT', 'UNION', 'INTERSECT', 'EXCEPT'];

/**
 * How the rows of a query are ordered. The keys of ORDER BY are found among its output columns (by place, name, alias or
 * the same expression); `keys` is null when one is none of them, and then every row has its place.
 * @param columns names of the output columns
 */
export function rowOrder(sql: string, columns: readonly string[]): RowOrder {
  const [query = []] = statements(tokenize(sql));
  const by = query.findIndex((token, at) => token.depth === 0 && isWord(token, 'ORDER') && isWord(query[at + 1], 'BY'));
  if (by < 0) return { kind: 'bag' };
  const limit = query.findIndex((token, at) => at > by && token.depth === 0 && isWord(token, 'LIMIT'));
  const terms = splitAtCommas(query.slice(by + 2, limit < 0 ? undefined : limit));
  const items = selectItems(query);
  const keys = terms.map((term) => columnOf(withoutDirection(term), items, columns));
  return { kind: 'list', keys: keys.includes(-1) ? null : keys };
}

function splitAtCommas(tokens: SqlStatement): SqlStatement[] {
  const parts: SqlToken[][] = [[]];
  for (const token of tokens) {
    if (token.depth === 0 && token.text === ',' && token.kind === 'symbol') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/** The expressions of the first top-level SELECT, or nothing when one of them stands for several columns. */
function selectItems(query: SqlStatement): readonly SqlStatement[] {
  const start = query.findIndex((token) => token.depth === 0 && isWord(token, 'SELECT'));
  if (start < 0) return [];
  const first = isWord(query[start + 1], 'DISTINCT') || isWord(query[start + 1], 'ALL') ? start + 2 : start + 1;
  const end = query.findIndex(
    (token, at) => at >= first && token.depth === 0 && itemEnds.some((word) => isWord(token, word)),
  );
  const items = splitAtCommas(query.slice(first, end < 0 ? undefined : end));
  return items.some((item) => item.at(-1)?.kind === 'symbol' && item.at(-1)?.text === '*') ? [] : items;
}

function withoutDirection(term: SqlStatement): SqlStatement {
  const end = term.findIndex(
    (token) => token.depth === 0 && ['ASC', 'DESC', 'NULLS', 'COLLATE'].some((word) => isWord(token, word)),
  );
  return end < 0 ? term : term.slice(0, end);
}

function columnOf(term: SqlStatement, items: readonly SqlStatement[], columns: readonly string[]): number {
  const [only] = term;
  if (term.length === 1 && only?.kind === 'number') return columns.findIndex((_, at) => String(at + 1) === only.text);
  if (term.length === 1 && (only?.kind === 'word' || only?.kind === 'quoted')) {
    const named = columns.findIndex((column) => column.toUpperCase() === only.text.toUpperCase());
    if (named >= 0) return named;
  }
  const text = written(term);
  return items.findIndex((item) => written(withoutAlias(item)) === text);
}

function withoutAlias(item: SqlStatement): SqlStatement {
  const as = item.findIndex((token) => token.depth === 0 && isWord(token, 'AS'));
  return as < 0 ? item : item.slice(0, as);
}

function written(tokens: SqlStatement): string {
  return tokens.map(({ kind, text }) => (kind === 'string' ? text : text.toUpperCase())).join(' ');
}
