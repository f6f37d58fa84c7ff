import { add, fromDecimal, multiply, power, rational, type Rational } from './rational.js';
import { LimitReached, limits } from './limits.js';

/**
 * What a comma between digits means: groups of three (1,000), the mark of a list (100,200), or the decimal mark of
 * much of the world (2,74). Text alone does not say, so an answer may be read in more than one way.
 */
export type CommaMeaning = 'thousands' | 'list' | 'decimal';

export interface NumberLiteral {
  readonly value: Rational;
  /** Digits written after the point; 0 for an integer and for a repeating decimal, which is exact. */
  readonly decimals: number;
  /** The digits as written, separators removed. */
  readonly digits: string;
  readonly end: number;
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

function digitsEnd(text: string, from: number): number {
  let end = from;
  while (isDigit(text[end])) end += 1;
  return end;
}

const MAX_PERIOD = 50;

const groupMarks = [',\\!', '{,}', ',', '\\,', '\\ ', '\\;', '~', ' ', "'"] as const;

/** Where a group of exactly three digits after a thousands mark ends, or -1. */
function nextGroup(text: string, from: number): number {
  for (const mark of groupMarks) {
    if (!text.startsWith(mark, from)) continue;
    let start = from + mark.length;
    if (mark === ',\\!') while (text[start] === ' ') start += 1;
    const end = digitsEnd(text, start);
    if (end - start === 3) return end;
  }
  return -1;
}

function withGroups(text: string, start: number, firstEnd: number): number {
  let end = firstEnd;
  if (firstEnd - start > 3 || firstEnd === start) return end;
  for (let next = nextGroup(text, end); next >= 0; next = nextGroup(text, end)) end = next;
  return end;
}

/** Digits of a repeating part: `0.1\overline{6}`, `0.\dot{3}`. */
function repeating(text: string, at: number): { digits: string; end: number } | null {
  for (const command of ['\\overline{', '\\bar{', '\\dot{']) {
    if (!text.startsWith(command, at)) continue;
    const start = at + command.length;
    const end = digitsEnd(text, start);
    if (end > start && end - start <= MAX_PERIOD && text[end] === '}')
      return { digits: text.slice(start, end), end: end + 1 };
  }
  return null;
}

function exponentEnd(text: string, at: number): number {
  if (text[at] !== 'e' && text[at] !== 'E') return -1;
  const start = text[at + 1] === '+' || text[at + 1] === '-' ? at + 2 : at + 1;
  const end = digitsEnd(text, start);
  return end > start ? end : -1;
}

/** Reads the number that starts at `from`, which must be a digit or a point before one. */
export function readNumber(text: string, from: number, commas: CommaMeaning): NumberLiteral {
  let end = digitsEnd(text, from);
  if (commas === 'thousands') end = withGroups(text, from, end);
  let digits = '';
  for (let at = from; at < end; at += 1) if (isDigit(text[at])) digits += text[at] ?? '';
  const point = text[end] === '.' || (commas === 'decimal' && text[end] === ',');
  let fraction = '';
  let repeat: { digits: string; end: number } | null = null;
  if (point) {
    const fractionEnd = digitsEnd(text, end + 1);
    repeat = repeating(text, fractionEnd);
    if (fractionEnd > end + 1 || repeat !== null) {
      fraction = text.slice(end + 1, fractionEnd);
      end = fractionEnd;
    }
  }
  if (digits.length + fraction.length > limits.bits / 3) throw new LimitReached('too-large');
  let value = fromDecimal(`${digits}.${fraction}`);
  let decimals = fraction.length;
  if (repeat !== null) {
    const period = 10n ** BigInt(repeat.digits.length) - 1n;
    value = add(value, rational(BigInt(repeat.digits), period * 10n ** BigInt(fraction.length)));
    end = repeat.end;
    decimals = 0;
  }
  const scientific = exponentEnd(text, end);
  if (scientific > 0) {
    const exponent = BigInt(text.slice(end + 1, scientific).replace('+', ''));
    value = multiply(value, power(rational(10n), exponent) ?? value);
    decimals = Math.max(0, decimals - Number(exponent));
    end = scientific;
  }
  return { value, decimals, digits: fraction === '' ? digits : `${digits}.${fraction}`, end };
}
