import { LimitReached, limits, type Budget } from './limits.js';
import * as q from './rational.js';
import type { Rational } from './rational.js';

/** Powers of atoms, sorted by atom: x^2 y is [[x, 2], [y, 1]]. Exponents are positive. */
export type Monomial = readonly (readonly [atom: number, exponent: number])[];

interface Term {
  readonly monomial: Monomial;
  readonly coefficient: Rational;
}

/** A sum of terms with coefficients that are not 0, by the key of their monomial. */
export type Polynomial = ReadonlyMap<string, Term>;

const MAX_DEGREE = 10_000;

function keyOf(monomial: Monomial): string {
  let key = '';
  for (const [atom, exponent] of monomial) key += `${atom}^${exponent}.`;
  return key;
}

export function constant(value: Rational): Polynomial {
  return value.n === 0n ? new Map() : new Map([['', { monomial: [], coefficient: value }]]);
}

export function single(monomial: Monomial, coefficient: Rational): Polynomial {
  return new Map([[keyOf(monomial), { monomial, coefficient }]]);
}

export function atom(index: number, exponent = 1): Polynomial {
  const monomial: Monomial = exponent === 0 ? [] : [[index, exponent]];
  return new Map([[keyOf(monomial), { monomial, coefficient: q.one }]]);
}

/** The value of a polynomial without atoms, otherwise null. */
export function constantValue(polynomial: Polynomial): Rational | null {
  if (polynomial.size === 0) return q.zero;
  const only = polynomial.size === 1 ? polynomial.get('') : undefined;
  return only?.coefficient ?? null;
}

function insert(into: Map<string, Term>, key: string, monomial: Monomial, coefficient: Rational): void {
  const present = into.get(key);
  const total = present === undefined ? coefficient : q.add(present.coefficient, coefficient);
  if (total.n === 0n) into.delete(key);
  else into.set(key, { monomial, coefficient: total });
  if (into.size > limits.terms) throw new LimitReached('too-many-steps');
}

export function add(a: Polynomial, b: Polynomial, budget: Budget): Polynomial {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const result = new Map(a);
  for (const [key, term] of b) {
    budget.spend(q.cost(term.coefficient));
    insert(result, key, term.monomial, term.coefficient);
  }
  return result;
}

export function scale(a: Polynomial, factor: Rational, budget: Budget): Polynomial {
  if (factor.n === 0n) return new Map();
  const result = new Map<string, Term>();
  for (const [key, term] of a) {
    budget.spend(q.cost(term.coefficient));
    result.set(key, { monomial: term.monomial, coefficient: q.multiply(term.coefficient, factor) });
  }
  return result;
}

function joined(a: Monomial, b: Monomial): [number, number][] {
  const result: [number, number][] = [];
  let at = 0;
  for (const [atomIndex, exponent] of a) {
    for (let next = b[at]; next !== undefined && next[0] < atomIndex; next = b[(at += 1)]) result.push([...next]);
    const same = b[at];
    if (same?.[0] === atomIndex) {
      result.push([atomIndex, exponent + same[1]]);
      at += 1;
    } else result.push([atomIndex, exponent]);
  }
  for (let next = b[at]; next !== undefined; next = b[(at += 1)]) result.push([...next]);
  return result;
}

/** Replaces powers of an atom that have a value of their own: i^2 = -1, (root of 2)^2 = 2. */
export type Reduce = (atomIndex: number, exponent: number) => { exponent: number; factor: Rational };

export function multiply(a: Polynomial, b: Polynomial, reduce: Reduce, budget: Budget): Polynomial {
  const result = new Map<string, Term>();
  for (const first of a.values()) {
    for (const second of b.values()) {
      budget.spend(
        q.cost(first.coefficient) + q.cost(second.coefficient) + first.monomial.length + second.monomial.length,
      );
      let coefficient = q.multiply(first.coefficient, second.coefficient);
      const monomial: [number, number][] = [];
      for (const [atomIndex, total] of joined(first.monomial, second.monomial)) {
        const { exponent, factor } = reduce(atomIndex, total);
        if (exponent > MAX_DEGREE) throw new LimitReached('too-large');
        if (factor !== q.one) coefficient = q.multiply(coefficient, factor);
        if (exponent > 0) monomial.push([atomIndex, exponent]);
      }
      insert(result, keyOf(monomial), monomial, coefficient);
    }
  }
  return result;
}

export function isEqual(a: Polynomial, b: Polynomial): boolean {
  if (a.size !== b.size) return false;
  for (const [key, term] of a) {
    const other = b.get(key);
    if (other === undefined || !q.equals(term.coefficient, other.coefficient)) return false;
  }
  return true;
}

/** The rational by which a = factor * b, or null where there is none. Both must not be 0. */
export function proportion(a: Polynomial, b: Polynomial): Rational | null {
  if (a.size !== b.size) return null;
  let factor: Rational | null = null;
  for (const [key, term] of a) {
    const other = b.get(key);
    const ratio = other === undefined ? null : q.divide(term.coefficient, other.coefficient);
    if (ratio === null || (factor !== null && !q.equals(ratio, factor))) return null;
    factor = ratio;
  }
  return factor;
}
