import type { Expr } from './ast.js';
import { negative, number, product, some } from './ast.js';
import { scalarsEqual, type Comparison } from './scalar.js';
import { relateUnits } from './units.js';

interface Quantity {
  readonly value: Expr;
  readonly unit: string | null;
}

/** Splits a value from its unit. `\$10` reads as the text `$` beside 10; a percentage is a number of percent. */
export function splitUnit(expr: Expr): Quantity {
  switch (expr.kind) {
    case 'quantity': {
      const inner = splitUnit(expr.of);
      return {
        value: inner.value,
        unit: inner.unit === null || inner.unit === '%' ? (inner.unit ?? expr.unit) : expr.unit,
      };
    }
    case 'percent':
      return { value: expr.of, unit: '%' };
    case 'degrees':
      return { value: expr.of, unit: 'deg' };
    case 'negative': {
      const { value, unit } = splitUnit(expr.of);
      return unit === null ? { value: expr, unit } : { value: negative(value), unit };
    }
    case 'product': {
      const [first, ...rest] = expr.factors;
      if (first?.kind === 'text' && rest.length > 0) return { value: product(rest), unit: first.text };
      return { value: expr, unit: null };
    }
    default:
      return { value: expr, unit: null };
  }
}

const hundredth = number({ n: 1n, d: 100n });

function timesPi(value: Expr): Expr {
  return { kind: 'degrees', of: value };
}

function isUsingPi(expr: Expr): boolean {
  return some(expr, (part) => part.kind === 'constant' && part.name === 'pi');
}

function withUnitOnOneSide(
  value: Expr,
  unit: string,
  bare: Expr,
  equal: (value: Expr, bare: Expr) => boolean,
): boolean {
  if (equal(value, bare)) return true;
  if (unit === '%' || /^(?:percent|pct|percentage)/i.test(unit)) return equal(product([hundredth, value]), bare);
  return /^deg/.test(unit) && isUsingPi(bare) && equal(timesPi(value), bare);
}

/**
 * Compares values with units. Known units of one dimension are converted, of different dimensions never equal; a unit
 * that only one side writes is not held against it, and 25% equals both 25 and 0.25.
 */
export function quantitiesEqual(response: Expr, reference: Expr, comparison: Comparison): boolean {
  const a = splitUnit(response);
  const b = splitUnit(reference);
  const equal = (first: Expr, second: Expr): boolean => scalarsEqual(first, second, comparison);
  if (a.unit === null && b.unit === null) return equal(a.value, b.value);
  if (a.unit !== null && b.unit === null) return withUnitOnOneSide(a.value, a.unit, b.value, equal);
  if (b.unit !== null && a.unit === null) {
    return withUnitOnOneSide(b.value, b.unit, a.value, (value, bare) => equal(bare, value));
  }
  const relation = relateUnits(a.unit ?? '', b.unit ?? '');
  switch (relation.kind) {
    case 'same':
      return equal(a.value, b.value);
    case 'convertible':
      return equal(product([number(relation.factor), a.value]), b.value);
    case 'different':
      return false;
  }
}
