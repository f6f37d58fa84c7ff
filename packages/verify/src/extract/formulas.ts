import type { Span } from './span.js';

const delimiters: readonly (readonly [open: string, close: string])[] = [
  ['$$', '$$'],
  ['\\[', '\\]'],
  ['\\(', '\\)'],
  ['$', '$'],
];

const MAX_FORMULA = 2_000;

/** Two or more words in a row: the dollar signs around them are prices, not delimiters. */
function isProse(content: string): boolean {
  if (content.includes('<<') || content.includes('\n\n')) return true;
  return /(?:^|[\s,.])[A-Za-z]{2,}[,.]?\s+[A-Za-z]{2,}/.test(content.replace(/\\[a-z]+\{[^{}]*\}|\\[a-zA-Z]+/g, ''));
}

function isEscaped(text: string, at: number): boolean {
  return text[at - 1] === '\\' && text[at - 2] !== '\\';
}

function openerAt(text: string, at: number): readonly [string, string] | null {
  for (const pair of delimiters) if (text.startsWith(pair[0], at)) return pair;
  return null;
}

/** Finds closing delimiters from left to right; each stretch of text is searched once for each of them. */
class Closers {
  private readonly known = new Map<string, number>();

  constructor(private readonly text: string) {}

  /** Position of the next closing delimiter within reach, or -1. A `\$` does not close. */
  next(from: number, close: string): number {
    let at = this.known.get(close) ?? 0;
    if (at >= 0 && at < from) at = this.search(from, close);
    return at >= 0 && at - from <= MAX_FORMULA ? at : -1;
  }

  private search(from: number, close: string): number {
    let at = this.text.indexOf(close, from);
    while (at >= 0 && close.startsWith('$') && isEscaped(this.text, at)) at = this.text.indexOf(close, at + 1);
    this.known.set(close, at);
    return at;
  }
}

function nextOpener(text: string, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 36 && !isEscaped(text, at)) return at;
    if (code === 92 && (text[at + 1] === '[' || text[at + 1] === '(')) return at;
  }
  return -1;
}

/** The formulas of a text that stand between delimiters, in reading order. */
export function findFormulas(text: string, from = 0, to = text.length): readonly Span[] {
  const spans: Span[] = [];
  const closers = new Closers(text);
  let at = nextOpener(text, from, to);
  while (at >= 0) {
    const pair = openerAt(text, at);
    const start = at + (pair?.[0].length ?? 1);
    const close = pair === null ? -1 : closers.next(start, pair[1]);
    const content = close < 0 ? '' : text.slice(start, close);
    let next = start;
    if (pair !== null && close >= 0 && content.trim() !== '' && !(pair[0] === '$' && isProse(content))) {
      spans.push({ start: at, end: close + pair[1].length, content });
      next = close + pair[1].length;
    }
    at = nextOpener(text, next, to);
  }
  return spans;
}
