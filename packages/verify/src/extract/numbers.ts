import type { Span } from './span.js';

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

function isLetter(char: string | undefined): boolean {
  return char !== undefined && /[A-Za-z]/.test(char);
}

/** Characters of one number; a longer run of digits is no answer that anything compares. */
const MAX_DIGITS = 2_000;

/** Extends a run of digits to the left over points, thousands separators and one fraction bar. */
function numberStart(text: string, end: number): number {
  let start = end;
  const least = end - MAX_DIGITS;
  while (start > least && isDigit(text[start - 1])) start -= 1;
  while (start > least) {
    const mark = text[start - 1];
    if ((mark === '.' || mark === ',') && isDigit(text[start - 2])) start -= 1;
    else if (mark === ' ' && isDigit(text[start - 2]) && isGroup(text, start)) start -= 1;
    else if (mark === '.' && !isLetter(text[start - 2])) return start - 1;
    else return start;
    while (start > least && isDigit(text[start - 1])) start -= 1;
  }
  return start;
}

/** Three digits and no more after a space, with one to three before it: a thousands group. */
function isGroup(text: string, at: number): boolean {
  let before = 0;
  while (isDigit(text[at - 2 - before])) before += 1;
  return isDigit(text[at]) && isDigit(text[at + 1]) && isDigit(text[at + 2]) && !isDigit(text[at + 3]) && before <= 3;
}

function fractionStart(text: string, start: number): number {
  let at = start;
  while (text[at - 1] === ' ') at -= 1;
  if (text[at - 1] !== '/') return start;
  at -= 1;
  while (text[at - 1] === ' ') at -= 1;
  if (!isDigit(text[at - 1])) return start;
  return numberStart(text, at);
}

/** A minus sign that belongs to the number: nothing to subtract from stands before it. */
function signStart(text: string, start: number): number {
  let at = start;
  if (text[at - 1] === '$' || text[at - 1] === '€' || text[at - 1] === '£') at -= text[at - 2] === '\\' ? 2 : 1;
  const sign = at;
  while (text[at - 1] === ' ') at -= 1;
  if (text[at - 1] !== '-' && text[at - 1] !== '−' && text[at - 1] !== '–') return sign;
  const minus = at - 1;
  let before = minus;
  while (text[before - 1] === ' ') before -= 1;
  const previous = text[before - 1];
  if (isDigit(previous) || previous === ')' || previous === '}') return sign;
  if (isLetter(previous) && before === minus) return sign;
  return minus;
}

/** Where a percent sign or word after an offset ends; the offset itself where there is none. */
export function suffixEnd(text: string, end: number): number {
  let at = end;
  while (text[at] === ' ') at += 1;
  if (text.startsWith('\\%', at)) return at + 2;
  if (text[at] === '%') return at + 1;
  const word = /^(?:percent|pct)\b/i.exec(text.slice(at, at + 12));
  return word === null ? end : at + word[0].length;
}

/** The part of a line that is LaTeX without delimiters around the offset: (\frac{2}{5}). */
function bareFormula(text: string, around: number): Span {
  const isPart = (char: string): boolean => /[0-9A-Za-z\\{}()^_+\-*/=.,| ]/.test(char);
  let start = around;
  let end = around;
  while (start > 0 && around - start < 300 && isPart(text[start - 1] ?? '\n')) start -= 1;
  while (end < text.length && end - around < 300 && isPart(text[end] ?? '\n')) end += 1;
  // Words end a formula; letters after a backslash are commands.
  const before = /^[^]*(?:^|[^\\A-Za-z])[A-Za-z]{2,}(?=[^A-Za-z])/.exec(text.slice(start, around));
  if (before !== null) start += before[0].length;
  const after = /(?:^|[^\\A-Za-z])[A-Za-z]{2,}/.exec(text.slice(around, end));
  if (after !== null) end = around + after.index;
  const sides = text.slice(start, end).split('=');
  const content = (sides.at(-1) ?? '').trim();
  return { start: end - (sides.at(-1) ?? '').length, end, content: balanced(content) };
}

function balanced(text: string): string {
  let content = text.replace(/[.,\s]+$/, '');
  const count = (char: string): number => content.split(char).length - 1;
  if (count('(') === 1 + count(')') && content.startsWith('(')) content = content.slice(1);
  if (count(')') === 1 + count('(') && content.endsWith(')')) content = content.slice(0, -1);
  return content;
}

/** The last number of a text between two offsets, or null. Exponents, subscripts and parts of words are passed over. */
export function lastNumber(text: string, from = 0, to = text.length): Span | null {
  for (let at = to; at > from; at -= 1) {
    if (!isDigit(text[at - 1])) continue;
    const start = Math.max(from, numberStart(text, at));
    const before = text[start - 1];
    const inBraces = before === '{' && (text[start - 2] === '^' || text[start - 2] === '_');
    if (before === '^' || before === '_' || inBraces || isLetter(before)) {
      at = start;
      continue;
    }
    if (text[at] === '}') return bareFormula(text, at);
    const first = signStart(text, fractionStart(text, start));
    const end = suffixEnd(text, at);
    return { start: first, end, content: text.slice(Math.max(from, first), end) };
  }
  return null;
}
