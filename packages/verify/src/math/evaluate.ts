import type { Expr, ExprOf } from './ast.js';
import type { Complex } from './complex.js';
import * as c from './complex.js';
import { limits, type Budget } from './limits.js';
import { toNumber } from './rational.js';

/** Where an expression is evaluated. */
export interface Point {
  /** The value of a symbol. */
  readonly symbol: (name: string) => Complex;
  /** A value for what has no meaning of its own, the same for equal things. */
  readonly opaque: (expr: Expr) => Complex;
  /** What `log` without a base means. */
  readonly logBase: 'e' | '10';
  /** Even roots, fractional powers and logarithms of negative numbers are undefined instead of complex. */
  readonly realOnly: boolean;
  readonly budget: Budget;
}

type Unary = (z: Complex) => Complex;

function real(f: (x: number) => number): Unary {
  return (z) => (z.im === 0 ? { re: f(z.re), im: 0 } : c.undefinedValue);
}

const one = c.complex(1);
const inverse: Unary = (z) => c.divide(one, z);
const halved = (z: Complex): Complex => ({ re: z.re / 2, im: z.im / 2 });
const minus: Unary = (z) => ({ re: -z.re, im: -z.im });

const functions: Readonly<Record<string, Unary>> = {
  sin: c.sin,
  cos: c.cos,
  tan: (z) => c.divide(c.sin(z), c.cos(z)),
  cot: (z) => c.divide(c.cos(z), c.sin(z)),
  sec: (z) => inverse(c.cos(z)),
  csc: (z) => inverse(c.sin(z)),
  sinh: (z) => halved(c.subtract(c.exp(z), c.exp(minus(z)))),
  cosh: (z) => halved(c.add(c.exp(z), c.exp(minus(z)))),
  tanh: real(Math.tanh),
  coth: real((x) => 1 / Math.tanh(x)),
  arcsin: c.arcsin,
  arccos: (z) => c.subtract(c.complex(Math.PI / 2), c.arcsin(z)),
  arctan: c.arctan,
  arccot: (z) => c.subtract(c.complex(Math.PI / 2), c.arctan(z)),
  arcsec: (z) => c.subtract(c.complex(Math.PI / 2), c.arcsin(inverse(z))),
  arccsc: (z) => c.arcsin(inverse(z)),
  arsinh: real(Math.asinh),
  arcosh: real(Math.acosh),
  artanh: real(Math.atanh),
  ln: c.log,
  exp: c.exp,
  log2: (z) => c.divide(c.log(z), c.complex(Math.LN2)),
  log10: (z) => c.divide(c.log(z), c.complex(Math.LN10)),
  abs: (z) => c.complex(c.magnitude(z)),
  sgn: real(Math.sign),
  // A hair above keeps a value such as 2.9999999999999996 that stands for 3 on its side.
  floor: real((x) => Math.floor(x + 1e-9)),
  ceil: real((x) => Math.ceil(x - 1e-9)),
  factorial: real((x) => c.gamma(x + 1)),
  Re: (z) => c.complex(z.re),
  Im: (z) => c.complex(z.im),
};

function gammaBinomial(n: Complex, k: Complex): Complex {
  if (n.im !== 0 || k.im !== 0) return c.undefinedValue;
  if (Number.isInteger(n.re) && Number.isInteger(k.re) && (k.re < 0 || k.re > n.re) && n.re >= 0) return c.complex(0);
  return c.complex(c.gamma(n.re + 1) / (c.gamma(k.re + 1) * c.gamma(n.re - k.re + 1)));
}

function evaluateCall(expr: ExprOf<'call'>, point: Point): Complex {
  if (!expr.known) return point.opaque(expr);
  const [first = c.undefinedValue, second] = expr.args.map((arg) => evaluate(arg, point));
  if (expr.name === 'log') {
    if (point.realOnly && first.re < 0) return c.undefinedValue;
    return c.divide(c.log(first), point.logBase === 'e' ? one : c.complex(Math.LN10));
  }
  if (second !== undefined) {
    switch (expr.name) {
      case 'log_':
        return c.divide(c.log(first), c.log(second));
      case 'binomial':
        return gammaBinomial(first, second);
      case 'mod':
        return real((x) => x - Math.floor(x / second.re) * second.re)(first);
      case 'min':
      case 'max':
      case 'gcd':
      case 'lcm':
        return extremum(expr, point);
      default:
        return point.opaque(expr);
    }
  }
  if (point.realOnly && expr.name === 'ln' && first.re < 0) return c.undefinedValue;
  return functions[expr.name]?.(first) ?? point.opaque(expr);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : greatestDivisor(b, a % b);
}

function extremum(expr: ExprOf<'call'>, point: Point): Complex {
  const values = expr.args.map((arg) => evaluate(arg, point));
  if (values.some((value) => value.im !== 0)) return c.undefinedValue;
  const numbers = values.map((value) => value.re);
  if (expr.name === 'min') return c.complex(Math.min(...numbers));
  if (expr.name === 'max') return c.complex(Math.max(...numbers));
  if (!numbers.every((value) => Number.isSafeInteger(value))) return point.opaque(expr);
  const pair =
    expr.name === 'gcd' ? greatestDivisor : (a: number, b: number) => Math.abs(a * b) / greatestDivisor(a, b);
  return c.complex(numbers.reduce(pair));
}

/** Carries out a sum or product between whole numbers; anything else is opaque. */
function evaluateBound(expr: ExprOf<'bound'>, point: Point): Complex {
  const [lower, upper] = expr.limits;
  if (lower === undefined || upper === undefined || (expr.operator !== 'sum' && expr.operator !== 'prod')) {
    return point.opaque(expr);
  }
  const from = evaluate(lower, point);
  const to = evaluate(upper, point);
  const isFinite = Number.isInteger(from.re) && Number.isInteger(to.re) && from.im === 0 && to.im === 0;
  if (!isFinite || to.re - from.re > limits.iterations) return point.opaque(expr);
  let total = c.complex(expr.operator === 'sum' ? 0 : 1);
  for (let index = from.re; index <= to.re; index += 1) {
    const symbol = (name: string): Complex => (name === expr.variable ? c.complex(index) : point.symbol(name));
    const term = evaluate(expr.body, { ...point, symbol });
    total = expr.operator === 'sum' ? c.add(total, term) : c.multiply(total, term);
  }
  return total;
}

/** x^(p/q) with an odd q is real for negative x, to agree with roots. */
function evaluatePower(expr: ExprOf<'power'>, point: Point): Complex {
  const base = evaluate(expr.base, point);
  const { exponent } = expr;
  if (base.im === 0 && base.re < 0 && exponent.kind === 'quotient') {
    const top = evaluate(exponent.top, point);
    const bottom = evaluate(exponent.bottom, point);
    if (Number.isInteger(top.re) && Number.isInteger(bottom.re) && Math.abs(bottom.re % 2) === 1) {
      return c.power(c.root(base, bottom.re), top);
    }
  }
  const value = evaluate(exponent, point);
  if (point.realOnly && base.re < 0 && !Number.isInteger(value.re)) return c.undefinedValue;
  return c.power(base, value);
}

function evaluateRoot(expr: ExprOf<'root'>, point: Point): Complex {
  const order = evaluate(expr.index, point);
  const radicand = evaluate(expr.radicand, point);
  if (point.realOnly && radicand.re < 0 && Math.abs(order.re % 2) !== 1) return c.undefinedValue;
  return order.im === 0 && Number.isInteger(order.re) && order.re !== 0
    ? c.root(radicand, order.re)
    : c.power(radicand, inverse(order));
}

function evaluateConstant(name: ExprOf<'constant'>['name'], point: Point): Complex {
  switch (name) {
    case 'pi':
      return c.complex(Math.PI);
    case 'e':
      return c.complex(Math.E);
    case 'i': {
      // A bound variable may be called i.
      const bound = point.symbol('i');
      return bound.im === 0 && Number.isInteger(bound.re) ? bound : c.complex(0, 1);
    }
    case 'infinity':
      return c.complex(Number.POSITIVE_INFINITY);
  }
}

/** The value of an expression at a point; undefined (NaN) where it has none. */
export function evaluate(expr: Expr, point: Point): Complex {
  point.budget.spend();
  switch (expr.kind) {
    case 'number':
      return c.complex(toNumber(expr.value));
    case 'constant':
      return evaluateConstant(expr.name, point);
    case 'symbol':
      return point.symbol(expr.name);
    case 'sum':
      return expr.terms.reduce((total, term) => c.add(total, evaluate(term, point)), c.complex(0));
    case 'product':
      return expr.factors.reduce((total, factor) => c.multiply(total, evaluate(factor, point)), one);
    case 'quotient':
      return c.divide(evaluate(expr.top, point), evaluate(expr.bottom, point));
    case 'negative':
      return minus(evaluate(expr.of, point));
    case 'percent':
      return c.divide(evaluate(expr.of, point), c.complex(100));
    case 'degrees':
      return c.multiply(evaluate(expr.of, point), c.complex(Math.PI / 180));
    case 'quantity':
      return evaluate(expr.of, point);
    case 'power':
      return evaluatePower(expr, point);
    case 'root':
      return evaluateRoot(expr, point);
    case 'call':
      return evaluateCall(expr, point);
    case 'bound':
      return evaluateBound(expr, point);
    case 'indexed':
    case 'plusminus':
    case 'based':
    case 'ratio':
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
      return point.opaque(expr);
  }
}
