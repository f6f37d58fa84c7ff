import type { Expr, NamedSet } from './ast.js';
import { limits } from './limits.js';
import { scalarsEqual, type Comparison } from './scalar.js';

/** An end of an interval; `value` orders it, `expr` is null at an infinity. */
export interface Endpoint {
  readonly value: number;
  readonly expr: Expr | null;
  readonly closed: boolean;
}

/** A point where lower and upper are the same closed end. */
export interface Interval {
  readonly lower: Endpoint;
  readonly upper: Endpoint;
}

/** A set of real numbers as disjoint intervals in ascending order. */
export type RealSet = readonly Interval[];

const below: Endpoint = { value: Number.NEGATIVE_INFINITY, expr: null, closed: false };
const above: Endpoint = { value: Number.POSITIVE_INFINITY, expr: null, closed: false };

export const realLine: RealSet = [{ lower: below, upper: above }];

/** An end at a constant expression, or null where it has no real value. */
export function endpoint(expr: Expr, closed: boolean, comparison: Comparison): Endpoint | null {
  const value = comparison.realValue(expr);
  if (Number.isNaN(value)) return null;
  if (value === Number.POSITIVE_INFINITY) return above;
  if (value === Number.NEGATIVE_INFINITY) return below;
  return { value, expr, closed };
}

function same(a: number, b: number): boolean {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b;
  return a === b || Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b), 1e-3);
}

function isEmpty({ lower, upper }: Interval): boolean {
  if (same(lower.value, upper.value)) return !(lower.closed && upper.closed);
  return lower.value > upper.value;
}

/** Sorts, drops empty intervals and joins those that overlap or touch. */
function normalized(intervals: readonly Interval[]): RealSet {
  const sorted = intervals
    .filter((interval) => !isEmpty(interval))
    .sort((a, b) => a.lower.value - b.lower.value || Number(b.lower.closed) - Number(a.lower.closed));
  const result: Interval[] = [];
  for (const next of sorted) {
    const last = result.at(-1);
    const touching = last !== undefined && same(last.upper.value, next.lower.value);
    const joins =
      last !== undefined && (touching ? last.upper.closed || next.lower.closed : last.upper.value > next.lower.value);
    if (last === undefined || !joins) result.push(next);
    else {
      const isFurther = same(last.upper.value, next.upper.value)
        ? next.upper.closed && !last.upper.closed
        : next.upper.value > last.upper.value;
      if (isFurther) result[result.length - 1] = { lower: last.lower, upper: next.upper };
    }
  }
  return result;
}

export function union(...sets: readonly RealSet[]): RealSet {
  return normalized(sets.flat());
}

function later(a: Endpoint, b: Endpoint): Endpoint {
  if (same(a.value, b.value)) return a.closed ? b : a;
  return a.value > b.value ? a : b;
}

function earlier(a: Endpoint, b: Endpoint): Endpoint {
  if (same(a.value, b.value)) return a.closed ? b : a;
  return a.value < b.value ? a : b;
}

export function intersection(a: RealSet, b: RealSet): RealSet {
  const result: Interval[] = [];
  for (const first of a.slice(0, limits.items)) {
    for (const second of b.slice(0, limits.items)) {
      result.push({ lower: later(first.lower, second.lower), upper: earlier(first.upper, second.upper) });
    }
  }
  return normalized(result);
}

function opened(end: Endpoint): Endpoint {
  return end.expr === null ? end : { ...end, closed: !end.closed };
}

function complement(set: RealSet): RealSet {
  const result: Interval[] = [];
  let from = below;
  for (const { lower, upper } of set) {
    if (lower.expr !== null) result.push({ lower: from, upper: opened(lower) });
    from = opened(upper);
  }
  if (from.expr !== null || set.length === 0) result.push({ lower: from, upper: above });
  return normalized(result);
}

export function difference(a: RealSet, b: RealSet): RealSet {
  return intersection(a, complement(b));
}

export function contains(set: RealSet, x: number): boolean {
  return set.some(({ lower, upper }) => {
    const isAbove = lower.closed ? x >= lower.value : x > lower.value;
    return isAbove && (upper.closed ? x <= upper.value : x < upper.value);
  });
}

function endsEqual(a: Endpoint, b: Endpoint, comparison: Comparison): boolean {
  if (a.expr === null || b.expr === null) return a.value === b.value;
  return a.closed === b.closed && scalarsEqual(a.expr, b.expr, comparison);
}

export function realSetsEqual(response: RealSet, reference: RealSet, comparison: Comparison): boolean {
  return (
    response.length === reference.length &&
    response.every((interval, index) => {
      const other = reference[index];
      return (
        other !== undefined &&
        endsEqual(interval.lower, other.lower, comparison) &&
        endsEqual(interval.upper, other.upper, comparison)
      );
    })
  );
}

/** The real set that an expression names, or null where it is no set of reals with constant ends. */
export function readRealSet(expr: Expr, comparison: Comparison): RealSet | null {
  switch (expr.kind) {
    case 'tuple': {
      const [from, to] = expr.items;
      if (expr.items.length !== 2 || from === undefined || to === undefined) return null;
      const lower = endpoint(from, expr.open === '[', comparison);
      const upper = endpoint(to, expr.close === ']', comparison);
      return lower === null || upper === null || lower.value > upper.value ? null : normalized([{ lower, upper }]);
    }
    case 'set':
      return points(expr.items, comparison);
    case 'namedSet':
      return namedRealSet(expr.name);
    case 'setOperation': {
      const sets = expr.parts.map((part) => readRealSet(part, comparison));
      return sets.reduce((a, b) => {
        if (a === null || b === null) return null;
        if (expr.operator === 'union') return union(a, b);
        return expr.operator === 'intersection' ? intersection(a, b) : difference(a, b);
      });
    }
    default:
      return null;
  }
}

function points(items: readonly Expr[], comparison: Comparison): RealSet | null {
  const intervals: Interval[] = [];
  for (const item of items) {
    const end = endpoint(item, true, comparison);
    if (end === null || end.expr === null) return null;
    intervals.push({ lower: end, upper: end });
  }
  return normalized(intervals);
}

function namedRealSet(name: NamedSet): RealSet | null {
  if (name === 'real') return realLine;
  return name === 'empty' ? [] : null;
}
