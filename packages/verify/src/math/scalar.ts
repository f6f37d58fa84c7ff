import type { Expr } from './ast.js';
import { some } from './ast.js';
import type { Complex } from './complex.js';
import * as c from './complex.js';
import { evaluate, type Point } from './evaluate.js';
import { Budget, LimitReached, type LimitCode } from './limits.js';
import { Algebra, NoNormalForm, type Fraction } from './normal-form.js';
import { preciselyDifferent } from './precise.js';
import * as q from './rational.js';
import { symbolsOf } from './transform.js';

export interface Tolerance {
  /** Accepts |a - b| up to this. */
  readonly absolute?: number;
  /** Accepts |a - b| up to this share of the reference. */
  readonly relative?: number;
  /** Accepts values that are equal when both are rounded to this many decimals. */
  readonly decimals?: number;
}

/** What one comparison of two answers shares: exact algebra, its budget and the caller's tolerance. */
export class Comparison {
  /** Pays for evaluation; exact algebra has a budget of its own, so that running out there leaves this way open. */
  readonly budget = new Budget();
  readonly algebra = new Algebra(new Budget());
  /** The bound that kept something from being decided, for the reason of the verdict. */
  reached: LimitCode | null = null;
  private readonly forms = new Map<Expr, Fraction | null>();
  private readonly keys = new Map<Expr, string>();

  constructor(readonly tolerance: Tolerance = {}) {}

  /** The normal form, or null where there is none within the bounds. */
  form(expr: Expr): Fraction | null {
    const known = this.forms.get(expr);
    if (known !== undefined) return known;
    const form = this.attempt(() => this.algebra.fraction(expr));
    this.forms.set(expr, form);
    return form;
  }

  /** Runs algebra that may have no result; running out of steps altogether ends the comparison. */
  attempt<Value>(compute: () => Value): Value | null {
    try {
      return compute();
    } catch (thrown) {
      if (thrown instanceof NoNormalForm) return null;
      if (!(thrown instanceof LimitReached)) throw thrown;
      this.reached = thrown.code;
      return null;
    }
  }

  key(expr: Expr): string {
    const known = this.keys.get(expr);
    if (known !== undefined) return known;
    const key = this.attempt(() => this.algebra.structuralKey(expr)) ?? `?${this.keys.size}`;
    this.keys.set(expr, key);
    return key;
  }

  point(index: number, symbol: (name: string) => Complex, logBase: 'e' | '10' = 'e', realOnly = false): Point {
    const opaque = (expr: Expr): Complex => c.complex(0.5 + scatter(this.key(expr), index));
    return { symbol, opaque, logBase, realOnly, budget: this.budget };
  }

  /** The real value of an expression without symbols; NaN where it has none. Infinity is kept. */
  realValue(expr: Expr): number {
    const value = this.attempt(() =>
      evaluate(
        expr,
        this.point(0, () => c.undefinedValue),
      ),
    );
    return value === null || Math.abs(value.im) > 1e-12 * Math.max(1, Math.abs(value.re)) ? Number.NaN : value.re;
  }

  exactValue(expr: Expr): q.Rational | null {
    if (expr.kind === 'number') return expr.value;
    const form = this.form(expr);
    return form === null ? null : this.attempt(() => this.algebra.value(form));
  }
}

/** A number in [0, 2) that depends on the text and the index only. */
function scatter(text: string, index: number): number {
  let hash = 2166136261 ^ (index * 0x9e3779b1);
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 31;
}

const positivePoints = 4;
const signedPoints = 4;

function symbolValue(name: string, index: number): Complex {
  const size = 0.3 + 1.3 * scatter(name, index);
  return c.complex(index < positivePoints || scatter(name, index + 100) < 0.7 ? size : -size);
}

function close(a: Complex, b: Complex): boolean {
  const scale = Math.max(c.magnitude(a), c.magnitude(b));
  return c.magnitude(c.subtract(a, b)) <= 1e-10 * scale + 1e-13;
}

function isLiteral(expr: Expr): boolean {
  return expr.kind === 'number';
}

/** Digits from the first that is not 0, as written. */
function significantDigits(value: q.Rational, decimals: number): number {
  const scaled = (value.n < 0n ? -value.n : value.n) * 10n ** BigInt(Math.min(decimals, 400));
  return (scaled / value.d).toString().length;
}

function gap(a: number, exactA: q.Rational | null, b: number, exactB: q.Rational | null): number {
  return Math.abs(exactA !== null && exactB !== null ? q.toNumber(q.subtract(exactA, exactB)) : a - b);
}

/**
 * Whether two different constants agree as far as they were written.
 * - A reference with at least two decimals and three significant digits (1.732) accepts an exact form that rounds to it.
 * - A response with at least six decimals and six digits (0.333333) accepts the exact value that it rounds or cuts.
 * - Two plain decimals must be equal, unless both have six decimals.
 */
function roundingAgrees(response: Expr, reference: Expr, distance: number): boolean {
  const responseDecimals = response.kind === 'number' ? response.decimals : 0;
  const referenceDecimals = reference.kind === 'number' ? reference.decimals : 0;
  if (response.kind === 'number' && responseDecimals >= 6 && (!isLiteral(reference) || referenceDecimals >= 6)) {
    const decimals = isLiteral(reference) ? Math.min(responseDecimals, referenceDecimals) : responseDecimals;
    return significantDigits(response.value, responseDecimals) >= 6 && distance < 1.000001 * 10 ** -decimals;
  }
  if (reference.kind !== 'number' || referenceDecimals < 2 || isLiteral(response)) return false;
  return significantDigits(reference.value, referenceDecimals) >= 3 && distance <= 0.500001 * 10 ** -referenceDecimals;
}

function within(tolerance: Tolerance, distance: number, reference: number): boolean {
  const { absolute, relative, decimals } = tolerance;
  if (absolute !== undefined && distance <= absolute) return true;
  if (relative !== undefined && distance <= relative * Math.abs(reference)) return true;
  return decimals !== undefined && distance <= 0.500001 * 10 ** -decimals;
}

function constantsEqual(response: Expr, reference: Expr, comparison: Comparison): boolean {
  const exactA = comparison.exactValue(response);
  const exactB = comparison.exactValue(reference);
  if (exactA !== null && exactB !== null && q.equals(exactA, exactB)) return true;
  for (const logBase of ['e', '10'] as const) {
    const point = comparison.point(0, () => c.undefinedValue, logBase);
    const a = comparison.attempt(() => evaluate(response, point));
    const b = comparison.attempt(() => evaluate(reference, point));
    if (a === null || b === null) continue;
    if (a.re === b.re && !Number.isFinite(a.re) && !Number.isNaN(a.re)) return infinitiesEqual(response, reference);
    if (!c.isDefined(a) || !c.isDefined(b)) continue;
    if (exactA === null || exactB === null) {
      if (close(a, b) && !preciselyDifferent(response, reference, logBase, comparison.budget)) return true;
    }
    if (Math.abs(a.im) > 1e-12 || Math.abs(b.im) > 1e-12) continue;
    const distance = gap(a.re, exactA, b.re, exactB);
    if (within(comparison.tolerance, distance, b.re) || roundingAgrees(response, reference, distance)) return true;
  }
  return false;
}

/** Doubles overflow long before answers do: only a written infinity is infinite. */
function infinitiesEqual(a: Expr, b: Expr): boolean {
  const isInfinity = (expr: Expr): boolean =>
    some(expr, (part) => part.kind === 'constant' && part.name === 'infinity');
  return isInfinity(a) && isInfinity(b);
}

function usesLog(expr: Expr): boolean {
  return some(expr, (part) => part.kind === 'call' && part.name === 'log');
}

/** Compares values at fixed scattered points: all positive with complex values, then of both signs with real ones. */
function agreeAtPoints(a: Expr, b: Expr, comparison: Comparison, logBase: 'e' | '10'): boolean {
  let compared = 0;
  for (let index = 0; index < positivePoints + signedPoints; index += 1) {
    const point = comparison.point(index, (name) => symbolValue(name, index), logBase, index >= positivePoints);
    const first = comparison.attempt(() => evaluate(a, point));
    const second = comparison.attempt(() => evaluate(b, point));
    if (first === null || second === null) return false;
    if (!c.isDefined(first) || !c.isDefined(second)) continue;
    if (!close(first, second)) return false;
    compared += 1;
  }
  return compared >= 3;
}

function isConstant(expr: Expr): boolean {
  return (
    symbolsOf(expr).size === 0 &&
    !some(expr, (part) => part.kind === 'indexed' || (part.kind === 'call' && !part.known))
  );
}

/** Whether a response and a reference have the same value as numbers, or at every point of their variables. */
export function scalarsEqual(response: Expr, reference: Expr, comparison: Comparison): boolean {
  if (response.kind === 'number' && reference.kind === 'number' && q.equals(response.value, reference.value))
    return true;
  if (isConstant(response) && isConstant(reference)) return constantsEqual(response, reference, comparison);
  const a = comparison.form(response);
  const b = comparison.form(reference);
  if (a !== null && b !== null) {
    const isEqual = comparison.attempt(() => comparison.algebra.isEqual(a, b));
    if (isEqual === true) return true;
    if (isEqual === false && [a, b].every((form) => comparison.algebra.isRational(form))) return false;
  }
  if (isConstant(response) !== isConstant(reference) && symbolsOf(response).size + symbolsOf(reference).size > 3)
    return false;
  if (agreeAtPoints(response, reference, comparison, 'e')) return true;
  return usesLog(response) !== usesLog(reference) && agreeAtPoints(response, reference, comparison, '10');
}
