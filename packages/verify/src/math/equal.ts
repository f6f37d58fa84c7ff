import { comparableFormula, comparableWords, unframed } from './answer-text.js';
import { answersEqual } from './compare.js';
import type { LimitCode } from './limits.js';
import { withinLimits } from './limits.js';
import { readAnswer, type Answer } from './read.js';
import { Comparison, type Tolerance } from './scalar.js';

/** Why two answers are or are not equal. */
export type EqualityReason =
  'equal-text' | 'equal-number' | 'equal' | 'equal-words' | 'different' | 'unreadable' | LimitCode;

export interface Equality {
  readonly equal: boolean;
  readonly reason: EqualityReason;
}

const MAX_FAST = 40;

/**
 * The digits of a plain number without leading and trailing zeros, or null for anything else. Most answers are such
 * numbers, and comparing them as text is exact and costs next to nothing.
 */
function plainNumber(text: string): string | null {
  if (text.length === 0 || text.length > MAX_FAST) return null;
  let at = 0;
  const minus = text[0] === '-';
  if (minus || text[0] === '+') at = 1;
  let point = -1;
  const start = at;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 46 && point < 0) point = at;
    else if (code < 48 || code > 57) return null;
  }
  const whole = text.slice(start, point < 0 ? text.length : point);
  const fraction = point < 0 ? '' : text.slice(point + 1);
  if (whole === '' && fraction === '') return null;
  let first = 0;
  while (first < whole.length - 1 && whole[first] === '0') first += 1;
  let last = fraction.length;
  while (last > 0 && fraction[last - 1] === '0') last -= 1;
  const digits = `${whole === '' ? '0' : whole.slice(first)}.${fraction.slice(0, last)}`;
  return minus && digits !== '0.' ? `-${digits}` : digits;
}

/** Decimals that may be roundings of each other; their equality is not decided by their digits. */
function isLongDecimal(text: string): boolean {
  const point = text.indexOf('.');
  return point >= 0 && text.length - point > 6;
}

function hasTolerance(tolerance: Tolerance): boolean {
  return tolerance.absolute !== undefined || tolerance.relative !== undefined || tolerance.decimals !== undefined;
}

function numbersIn(words: string): string {
  return (words.match(/\d+(?:[.,]\d+)*/g) ?? []).join(' ');
}

/** Whether a text is made of words: no formula, no relation, no list in brackets. */
function isWordy(text: string): boolean {
  const plain = text.replace(/\\(?:text|textbf|textit|textrm|mathrm|mathbf|mbox)(?![A-Za-z])/g, '');
  return !/[\\=<>^+*/|[\]]/.test(plain) && /\p{L}{2}/u.test(plain);
}

/** Answers in words: equal without case, markup, articles and punctuation; numbers among them must be equal too. */
function wordsEqual(a: string, b: string): boolean {
  return isWordy(a) && isWordy(b) && comparableWords(a) === comparableWords(b) && numbersIn(a) === numbersIn(b);
}

function compareReadings(a: Answer, b: Answer, tolerance: Tolerance): Equality {
  let reached: LimitCode | null = null;
  for (const first of a.readings) {
    for (const second of b.readings) {
      const comparison = new Comparison(tolerance);
      const result = withinLimits(() => answersEqual(first, second, comparison));
      if ('value' in result && result.value) return { equal: true, reason: 'equal' };
      reached ??= 'limit' in result ? result.limit : comparison.reached;
    }
  }
  return { equal: false, reason: reached ?? 'different' };
}

/**
 * Whether two answers, in LaTeX or plain text, are equal. Never throws, and ends within a bounded number of steps
 * whatever the texts hold; a comparison that would need more is not equal and says which bound it reached.
 */
export function compareAnswers(response: string, reference: string, tolerance: Tolerance = {}): Equality {
  const a = response.trim();
  const b = reference.trim();
  if (a === b) return a === '' ? { equal: false, reason: 'unreadable' } : { equal: true, reason: 'equal-text' };
  const first = plainNumber(a);
  const second = first === null ? null : plainNumber(b);
  if (first !== null && second !== null) {
    if (first === second) return { equal: true, reason: 'equal-number' };
    if (!hasTolerance(tolerance) && !(isLongDecimal(a) && isLongDecimal(b)))
      return { equal: false, reason: 'different' };
  }
  const readA = readAnswer(a);
  const readB = readAnswer(b);
  const length = Math.max(a.length, b.length);
  if (length < MAX_TEXT && comparableFormula(readA.text) === comparableFormula(readB.text) && readA.text !== '') {
    return { equal: true, reason: 'equal-text' };
  }
  if (readA.readings.length > 0 && readB.readings.length > 0) {
    const result = compareReadings(readA, readB, tolerance);
    if (result.equal) return result;
    if (length < MAX_TEXT && wordsEqual(unframed(a), unframed(b))) return { equal: true, reason: 'equal-words' };
    return result;
  }
  if (length < MAX_TEXT && wordsEqual(unframed(a), unframed(b))) return { equal: true, reason: 'equal-words' };
  return { equal: false, reason: readA.limit ?? readB.limit ?? 'different' };
}

/**
 * Why nothing but its own text can be equal to a reference: it cannot be read, or is past a bound by itself. Null for a
 * reference in order.
 */
export function referenceFault(reference: string): LimitCode | 'unreadable' | null {
  const read = readAnswer(reference.trim());
  if (read.limit !== null) return read.limit;
  if (read.readings.length === 0) return isWordy(unframed(reference.trim())) ? null : 'unreadable';
  const { reason } = compareReadings(read, readAnswer('0'), {});
  return reason === 'too-deep' || reason === 'too-large' || reason === 'too-many-steps' ? reason : null;
}

/** Longest text that is compared as words. */
const MAX_TEXT = 8_000;
