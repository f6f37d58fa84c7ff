import { LimitReached, limits } from './limits.js';

/** An exact fraction in lowest terms with a positive denominator. */
export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

const SMALL = 1n << 64n;
const HUGE = 1n << BigInt(limits.bits);

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function bounded(value: bigint): bigint {
  if (value >= HUGE || value <= -HUGE) throw new LimitReached('too-large');
  return value;
}

/** Greatest common divisor, never negative. */
export function gcd(a: bigint, b: bigint): bigint {
  let x = magnitude(a);
  let y = magnitude(b);
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** n/d reduced. Throws `LimitReached` when a part is larger than the limit; `d` must not be 0. */
export function rational(n: bigint, d = 1n): Rational {
  if (d === 1n) return { n: bounded(n), d };
  const divisor = gcd(n, d);
  const sign = d < 0n ? -1n : 1n;
  return { n: bounded((sign * n) / divisor), d: bounded((sign * d) / divisor) };
}

export const zero: Rational = { n: 0n, d: 1n };
export const one: Rational = { n: 1n, d: 1n };
export const minusOne: Rational = { n: -1n, d: 1n };

export function add(a: Rational, b: Rational): Rational {
  if (a.d === 1n && b.d === 1n) return { n: bounded(a.n + b.n), d: 1n };
  return rational(a.n * b.d + b.n * a.d, a.d * b.d);
}

export function negate(a: Rational): Rational {
  return { n: -a.n, d: a.d };
}

export function subtract(a: Rational, b: Rational): Rational {
  return add(a, negate(b));
}

export function multiply(a: Rational, b: Rational): Rational {
  if (a.d === 1n && b.d === 1n) return { n: bounded(a.n * b.n), d: 1n };
  return rational(a.n * b.n, a.d * b.d);
}

/** a/b, or null where b is 0. */
export function divide(a: Rational, b: Rational): Rational | null {
  return b.n === 0n ? null : rational(a.n * b.d, a.d * b.n);
}

export function equals(a: Rational, b: Rational): boolean {
  return a.n === b.n && a.d === b.d;
}

/** Negative, zero or positive as a is less than, equal to or more than b. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function isInteger(a: Rational): boolean {
  return a.d === 1n;
}

/** The number of bits of a magnitude; exact up to a nibble. */
export function bitLength(value: bigint): number {
  const size = magnitude(value);
  return size < SMALL ? Math.ceil(Math.log2(Number(size) + 1)) : size.toString(16).length * 4;
}

/** a^exponent for an integer exponent, or null for 0 to a negative one. The size is checked before any work. */
export function power(a: Rational, exponent: bigint): Rational | null {
  if (exponent === 0n) return one;
  if (a.n === 0n) return exponent > 0n ? zero : null;
  const size = magnitude(exponent);
  if (a.d === 1n && (a.n === 1n || a.n === -1n)) return a.n === 1n || size % 2n === 0n ? one : minusOne;
  const bits = Math.max(bitLength(a.n), bitLength(a.d)) - 1;
  if (size > BigInt(limits.bits) || Number(size) * bits > limits.bits) throw new LimitReached('too-large');
  const n = a.n ** size;
  const d = a.d ** size;
  return exponent > 0n ? { n, d } : rational(d, n);
}

/** The nearest double; exact scaling keeps numerators and denominators beyond 2^1024 from becoming NaN. */
export function toNumber(a: Rational): number {
  if (magnitude(a.n) < SMALL && a.d < SMALL) return Number(a.n) / Number(a.d);
  const shift = BigInt(bitLength(a.n) - bitLength(a.d) - 64);
  const scaled = shift >= 0n ? a.n / (a.d << shift) : (a.n << -shift) / a.d;
  return Number(scaled) * 2 ** Number(shift);
}

/** Reads digits with an optional point: `12`, `.5`, `3.`. The text must hold nothing else. */
export function fromDecimal(text: string): Rational {
  const point = text.indexOf('.');
  if (point < 0) return rational(BigInt(text));
  const digits = text.slice(0, point) + text.slice(point + 1);
  return rational(BigInt(digits === '' ? '0' : digits), 10n ** BigInt(text.length - point - 1));
}

/** Units of algebra (see `limits.steps`) that one operation on this number costs. */
export function cost(a: Rational): number {
  if (a.n < SMALL && a.n > -SMALL && a.d < SMALL) return 1;
  return Math.ceil(((bitLength(a.n) + bitLength(a.d)) / 32) ** 1.5);
}
