/** A lexical unit of SQLite's SQL; white space and comments are left out. */
export interface SqlToken {
  /** `word`: keyword or bare name; `quoted`: a name in quotes or brackets; the others are what they are called. */
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol';
  /** As written; a quoted name without its quotes. */
  readonly text: string;
  /** Parentheses around it. */
  readonly depth: number;
}

/** Tokens of one statement, without the semicolon that ends it. */
export type SqlStatement = readonly SqlToken[];

const patterns = [
  ['skip', /[ \t\n\f\r]+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$)/y],
  ['string', /x?'(?:[^']|'')*(?:'|$)/iy],
  ['quoted', /"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)/y],
  ['number', /0x[0-9a-f]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?/iy],
  ['word', /[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ['symbol', /[\s\S]/y],
] as const;

/**
 * The tokens of a text by SQLite's lexical rules, linear in its length. What SQLite would not accept comes out as symbols
 * and is left for it to refuse; a string or comment that is not closed reaches to the end, as there.
 */
export function tokenize(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let depth = 0;
  let at = 0;
  while (at < sql.length) {
    const { kind, text } = next(sql, at);
    at += text.length;
    if (kind === 'skip') continue;
    if (text === ')') depth = Math.max(0, depth - 1);
    tokens.push({ kind, text: kind === 'quoted' ? unquoted(text) : text, depth });
    if (text === '(') depth += 1;
  }
  return tokens;
}

function next(sql: string, at: number): { kind: (typeof patterns)[number][0]; text: string } {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const text = pattern.exec(sql)?.[0];
    if (text !== undefined) return { kind, text };
  }
  return { kind: 'symbol', text: sql.charAt(at) };
}

function unquoted(text: string): string {
  const [open = ''] = text;
  const close = open === '[' ? ']' : open;
  const inner = text.length > 1 && text.endsWith(close) ? text.slice(1, -1) : text.slice(1);
  return open === '[' ? inner : inner.replaceAll(close + close, close);
}

/** The statements of a script; empty ones are left out. */
export function statements(tokens: readonly SqlToken[]): SqlStatement[] {
  const all: SqlToken[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'symbol' && token.text === ';') all.push([]);
    else all.at(-1)?.push(token);
  }
  return all.filter((each) => each.length > 0);
}

/** Whether a token is this keyword, in any case. */
export function isWord(token: SqlToken | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word;
}
