import type { Expr, ExprOf } from './ast.js';
import { call, integer } from './ast.js';
import { factorize } from './factor.js';
import { Budget, LimitReached } from './limits.js';
import * as poly from './polynomial.js';
import type { Polynomial } from './polynomial.js';
import * as q from './rational.js';
import type { Rational } from './rational.js';
import { substitute } from './transform.js';
import { children } from './ast.js';

/** A quotient of polynomials over atoms. Not reduced: equality is decided by multiplying across. */
export interface Fraction {
  readonly top: Polynomial;
  readonly bottom: Polynomial;
}

interface Atom {
  readonly key: string;
  /** Set for the q-th root of a prime: atom^order = value. */
  readonly surd: { readonly order: number; readonly value: Rational } | null;
}

const MAX_POWER = 64n;
const MAX_MONOMIAL_POWER = 5_000n;
const MAX_ROOT = 24n;

/** Division by zero, or something that has no value as a scalar. */
export class NoNormalForm extends Error {}

/**
 * Exact algebra for one comparison. Both sides are written as quotients of polynomials over the same atoms: variables,
 * roots of primes, the imaginary unit, and whatever has no algebra of its own (sin x, f(2), a sum with a variable
 * bound) under a key that does not depend on how it was written.
 */
export class Algebra {
  private readonly atoms: Atom[] = [];
  private readonly indices = new Map<string, number>();
  private boundNames = 0;

  constructor(readonly budget: Budget = new Budget()) {}

  private readonly reduce: poly.Reduce = (index, exponent) => {
    const surd = this.atoms[index]?.surd;
    if (surd === null || surd === undefined || exponent < surd.order) return { exponent, factor: q.one };
    const whole = Math.floor(exponent / surd.order);
    const factor = q.power(surd.value, BigInt(whole)) ?? q.one;
    return { exponent: exponent - whole * surd.order, factor };
  };

  private atom(key: string, surd: Atom['surd'] = null): Fraction {
    let index = this.indices.get(key);
    if (index === undefined) {
      index = this.atoms.length;
      this.atoms.push({ key, surd });
      this.indices.set(key, index);
    }
    return { top: poly.atom(index), bottom: unit };
  }

  private polyProduct(a: Polynomial, b: Polynomial): Polynomial {
    return poly.multiply(a, b, this.reduce, this.budget);
  }

  add(a: Fraction, b: Fraction): Fraction {
    if (poly.isEqual(a.bottom, b.bottom)) return { top: poly.add(a.top, b.top, this.budget), bottom: a.bottom };
    const top = poly.add(this.polyProduct(a.top, b.bottom), this.polyProduct(b.top, a.bottom), this.budget);
    return { top, bottom: this.polyProduct(a.bottom, b.bottom) };
  }

  negate(a: Fraction): Fraction {
    return { top: poly.scale(a.top, q.minusOne, this.budget), bottom: a.bottom };
  }

  subtract(a: Fraction, b: Fraction): Fraction {
    return this.add(a, this.negate(b));
  }

  multiply(a: Fraction, b: Fraction): Fraction {
    return { top: this.polyProduct(a.top, b.top), bottom: this.polyProduct(a.bottom, b.bottom) };
  }

  invert(a: Fraction): Fraction {
    if (a.top.size === 0) throw new NoNormalForm('division by zero');
    return { top: a.bottom, bottom: a.top };
  }

  /** Whether two quotients are the same; exact, since atoms are independent except for their known powers. */
  isEqual(a: Fraction, b: Fraction): boolean {
    return poly.isEqual(this.polyProduct(a.top, b.bottom), this.polyProduct(b.top, a.bottom));
  }

  /** Whether a quotient is made of variables alone, so that being unlike another one means being different. */
  isRational(a: Fraction): boolean {
    return [a.top, a.bottom].every((polynomial) =>
      [...polynomial.values()].every(({ monomial }) =>
        monomial.every(([index]) => this.atoms[index]?.key.startsWith('$') === true),
      ),
    );
  }

  /** The exact value where no atom is left, otherwise null. */
  value(a: Fraction): Rational | null {
    const top = poly.constantValue(a.top);
    const bottom = poly.constantValue(a.bottom);
    return top === null || bottom === null ? null : q.divide(top, bottom);
  }

  /** A text that is the same for equal quotients in most cases; it is only ever used to recognise equal atoms. */
  key(a: Fraction): string {
    const value = this.value(a);
    if (value !== null) return `${value.n}/${value.d}`;
    const [first] = a.bottom.values();
    const scale = first === undefined ? q.one : (q.divide(q.one, first.coefficient) ?? q.one);
    const print = (polynomial: Polynomial): string =>
      [...poly.scale(polynomial, scale, this.budget).values()]
        .map(({ monomial, coefficient }) => {
          const names = monomial.map(([index, exponent]) => `${this.atoms[index]?.key ?? ''}^${exponent}`).sort();
          return `${coefficient.n}/${coefficient.d}*${names.join('*')}`;
        })
        .sort()
        .join('+');
    return `(${print(a.top)})/(${print(a.bottom)})`;
  }

  /** The key of any expression: of its normal form where it is a scalar, of its structure otherwise. */
  structuralKey(expr: Expr): string {
    switch (expr.kind) {
      case 'text':
        return `"${expr.text}"`;
      case 'namedSet':
        return expr.name;
      case 'based':
        return `${expr.digits}_${expr.base}`;
      case 'time':
        return `t${expr.seconds}`;
      case 'relation':
        return `rel[${expr.operators.join(' ')}](${expr.members.map((part) => this.structuralKey(part)).join(';')})`;
      case 'tuple':
        return `${expr.open}${expr.items.map((part) => this.structuralKey(part)).join(';')}${expr.close}`;
      case 'plusminus':
      case 'matrix':
      case 'list':
      case 'set':
      case 'system':
      case 'builder':
      case 'ratio':
      case 'setOperation':
        return `${expr.kind}(${children(expr)
          .map((part) => this.structuralKey(part))
          .join(';')})`;
      default:
        return this.key(this.fraction(expr));
    }
  }

  /** The normal form. Throws `LimitReached` past the budget and `NoNormalForm` for a division by zero. */
  fraction(expr: Expr): Fraction {
    this.budget.spend();
    switch (expr.kind) {
      case 'number':
        return constant(expr.value);
      case 'symbol':
        return this.atom(`$${expr.name}`);
      case 'constant':
        if (expr.name === 'infinity') throw new NoNormalForm('infinity');
        return expr.name === 'i' ? this.atom('i', { order: 2, value: q.minusOne }) : this.atom(`#${expr.name}`);
      case 'sum':
        return expr.terms.map((term) => this.fraction(term)).reduce((a, b) => this.add(a, b));
      case 'product':
        return expr.factors.map((factor) => this.fraction(factor)).reduce((a, b) => this.multiply(a, b));
      case 'quotient':
        return this.multiply(this.fraction(expr.top), this.invert(this.fraction(expr.bottom)));
      case 'negative':
        return this.negate(this.fraction(expr.of));
      case 'percent':
        return this.multiply(this.fraction(expr.of), constant(q.rational(1n, 100n)));
      case 'quantity':
        return this.fraction(expr.of);
      case 'degrees':
        return this.multiply(this.fraction(expr.of), this.multiply(this.atom('#pi'), constant(q.rational(1n, 180n))));
      case 'power':
        return this.power(this.fraction(expr.base), this.fraction(expr.exponent));
      case 'root':
        return this.power(this.fraction(expr.radicand), this.invert(this.fraction(expr.index)));
      case 'call':
        return this.call(expr);
      case 'indexed':
        return this.atom(`${expr.name}_[${this.structuralKey(expr.index)}]`);
      case 'bound':
        return this.bound(expr);
      case 'based':
      case 'time':
      case 'tuple':
      case 'set':
      case 'builder':
      case 'namedSet':
      case 'setOperation':
      case 'matrix':
      case 'relation':
      case 'list':
      case 'system':
      case 'text':
      case 'ratio':
      case 'plusminus':
        return this.atom(this.structuralKey(expr));
    }
  }

  private bound(expr: ExprOf<'bound'>): Fraction {
    this.boundNames += 1;
    const name = `bound${this.boundNames}`;
    const body = this.structuralKey(substitute(expr.body, expr.variable, { kind: 'symbol', name }));
    this.boundNames -= 1;
    return this.atom(`${expr.operator}(${expr.limits.map((part) => this.structuralKey(part)).join(';')};${body})`);
  }

  private call(expr: ExprOf<'call'>): Fraction {
    const [first, second] = expr.args;
    if (first === undefined) return this.atom(`${expr.name}()`);
    const quotient = (top: string, bottom: string): Fraction =>
      this.multiply(this.fraction(call(top, first)), this.invert(this.fraction(call(bottom, first))));
    const small = this.smallInteger(first);
    switch (expr.known ? expr.name : '') {
      case 'tan':
        return quotient('sin', 'cos');
      case 'cot':
        return quotient('cos', 'sin');
      case 'sec':
        return this.invert(this.fraction(call('cos', first)));
      case 'csc':
        return this.invert(this.fraction(call('sin', first)));
      case 'exp':
        return this.power(this.atom('#e'), this.fraction(first));
      case 'log2':
      case 'log10':
        return this.logarithm(first, integer(expr.name === 'log2' ? 2 : 10));
      case 'log_':
        return second === undefined ? this.opaque(expr) : this.logarithm(first, second);
      case 'factorial':
        return small === null || small < 0 ? this.opaque(expr) : constant(factorial(small, this.budget));
      case 'binomial': {
        const chosen = second === undefined ? null : this.smallInteger(second);
        if (small === null || chosen === null || small < 0) return this.opaque(expr);
        return constant(binomial(small, chosen, this.budget));
      }
      default:
        return this.opaque(expr);
    }
  }

  private opaque(expr: ExprOf<'call'>): Fraction {
    return this.atom(`${expr.name}(${expr.args.map((part) => this.structuralKey(part)).join(';')})`);
  }

  private smallInteger(expr: Expr): number | null {
    if (expr.kind !== 'number' && expr.kind !== 'sum' && expr.kind !== 'negative') return null;
    const value = this.value(this.fraction(expr));
    return value === null || value.d !== 1n || value.n > 400n || value.n < -400n ? null : Number(value.n);
  }

  private logarithm(of: Expr, base: Expr): Fraction {
    return this.multiply(this.fraction(call('ln', of)), this.invert(this.fraction(call('ln', base))));
  }

  private integerPower(base: Fraction, exponent: bigint): Fraction {
    if (exponent < 0n) return this.integerPower(this.invert(base), -exponent);
    const value = this.value(base);
    if (value !== null) return constant(q.power(value, exponent) ?? q.zero);
    const isMonomial = base.top.size === 1 && base.bottom.size === 1;
    if (exponent > (isMonomial ? MAX_MONOMIAL_POWER : MAX_POWER)) throw new LimitReached('too-large');
    if (exponent < 2n) return exponent === 0n ? constant(q.one) : base;
    const root = this.integerPower(base, exponent / 2n);
    const square = this.multiply(root, root);
    return exponent % 2n === 0n ? square : this.multiply(square, base);
  }

  private power(base: Fraction, exponent: Fraction): Fraction {
    const value = this.value(exponent);
    if (value === null) return this.symbolicPower(base, exponent);
    if (value.d === 1n) return this.integerPower(base, value.n);
    const root = this.root(base, value.d);
    return this.integerPower(root, value.n);
  }

  /** The principal root, except that an odd root of a negative number is the real one, as schools have it. */
  private root(base: Fraction, order: bigint): Fraction {
    if (order > MAX_ROOT) throw new LimitReached('too-large');
    const value = this.value(base);
    if (value !== null) return this.rationalRoot(value, order);
    return this.multiply(this.polynomialRoot(base.top, order), this.invert(this.polynomialRoot(base.bottom, order)));
  }

  private rationalRoot(value: Rational, order: bigint): Fraction {
    if (value.n < 0n) {
      const positive = this.rationalRoot(q.negate(value), order);
      if (order % 2n === 1n) return this.negate(positive);
      if (order === 2n) return this.multiply(this.atom('i', { order: 2, value: q.minusOne }), positive);
      return this.atom(`root${order}(${value.n}/${value.d})`);
    }
    if (value.n === 0n) return constant(q.zero);
    const top = this.primeRoots(value.n, order);
    return value.d === 1n ? top : this.multiply(top, this.invert(this.primeRoots(value.d, order)));
  }

  private primeRoots(value: bigint, order: bigint): Fraction {
    let result = constant(q.one);
    for (const [prime, exponent] of factorize(value, this.budget)) {
      // Lowest terms, so that the fourth root of 4 is the square root of 2.
      const shared = q.gcd(BigInt(exponent), order);
      const surd = { order: Number(order / shared), value: q.rational(prime) };
      const base = surd.order === 1 ? constant(surd.value) : this.atom(`root${surd.order}(${prime})`, surd);
      result = this.multiply(result, this.integerPower(base, BigInt(exponent) / shared));
    }
    return result;
  }

  private polynomialRoot(polynomial: Polynomial, order: bigint): Fraction {
    const value = poly.constantValue(polynomial);
    if (value !== null) return this.rationalRoot(value, order);
    const [first] = polynomial.values();
    const content = first === undefined || first.coefficient.n < 0n ? q.one : first.coefficient;
    const primitive = poly.scale(polynomial, q.divide(q.one, content) ?? q.one, this.budget);
    const root = this.atom(`root${order}(${this.key({ top: primitive, bottom: unit })})`);
    return this.multiply(this.rationalRoot(content, order), root);
  }

  /** b^(2x+y+3) becomes (b^x)^2 b^y b^3, so that exponents may be written in any way. */
  private symbolicPower(base: Fraction, exponent: Fraction): Fraction {
    const bottom = poly.constantValue(exponent.bottom);
    if (bottom === null) return this.atom(`pow(${this.key(base)};${this.key(exponent)})`);
    const baseValue = this.value(base);
    const primes =
      baseValue !== null && baseValue.d === 1n && baseValue.n > 1n
        ? factorize(baseValue.n, this.budget).map(([prime, times]) => [constant(q.rational(prime)), times] as const)
        : [[base, 1] as const];
    let result = constant(q.one);
    for (const [factor, times] of primes) {
      for (const { monomial, coefficient } of exponent.top.values()) {
        const scaled = q.divide(q.multiply(coefficient, q.rational(BigInt(times))), bottom) ?? q.zero;
        if (monomial.length === 0) result = this.multiply(result, this.power(factor, constant(scaled)));
        else {
          const rest = { top: poly.single(monomial, q.rational(1n, scaled.d)), bottom: unit };
          const atom = this.atom(`pow(${this.key(factor)};${this.key(rest)})`);
          result = this.multiply(result, this.integerPower(atom, scaled.n));
        }
      }
    }
    return result;
  }
}

const unit: Polynomial = poly.constant(q.one);

export function constant(value: Rational): Fraction {
  return { top: poly.constant(value), bottom: unit };
}

function factorial(of: number, budget: Budget): Rational {
  let result = q.one;
  for (let factor = 2; factor <= of; factor += 1) {
    budget.spend(q.cost(result));
    result = q.multiply(result, q.rational(BigInt(factor)));
  }
  return result;
}

function binomial(n: number, k: number, budget: Budget): Rational {
  if (k < 0 || k > n) return q.zero;
  let result = q.one;
  for (let step = 1; step <= Math.min(k, n - k); step += 1) {
    budget.spend(q.cost(result));
    result = q.multiply(result, q.rational(BigInt(n - Math.min(k, n - k) + step), BigInt(step)));
  }
  return result;
}
