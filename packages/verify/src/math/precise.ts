/**
 * Real constants to about fifty digits, in integers scaled by 2^192. Doubles cannot tell sqrt(10^16 + 1) from 10^8; two
 * constants that agree as doubles are therefore compared once more here.
 */
import type { Expr, ExprOf } from './ast.js';
import { integerRoot } from './factor.js';
import { bitLength, type Rational } from './rational.js';
import type { Budget } from './limits.js';

const BITS = 192n;
const ONE = 1n << BITS;
/** Values beyond this many bits, scale included, are left to exact algebra. */
const MAX_BITS = 1_200;
const MAX_POWER = 128n;
/** Units of work that one series costs. */
const SERIES = 60;

/** A scaled real, or null where this arithmetic does not reach. */
type Fixed = bigint | null;

function multiply(a: bigint, b: bigint): bigint {
  return (a * b) >> BITS;
}

function divide(a: bigint, b: bigint): Fixed {
  return b === 0n ? null : (a << BITS) / b;
}

function fromRational({ n, d }: Rational): bigint {
  return (n << BITS) / d;
}

function squareRoot(a: bigint): Fixed {
  return a < 0n ? null : integerRoot(a << BITS);
}

/** e^x: halved until small, then the series, then squared back. */
function exponential(x: bigint): Fixed {
  if (x > 400n * ONE) return null;
  if (x < -400n * ONE) return 0n;
  const halvings = 16n;
  const small = x >> halvings;
  let term = ONE;
  let total = ONE;
  for (let n = 1n; term !== 0n && term !== -1n && n < 80n; n += 1n) {
    term = multiply(term, small) / n;
    total += term;
  }
  for (let count = 0n; count < halvings; count += 1n) total = multiply(total, total);
  return total;
}

/** The inverse hyperbolic tangent of a small value, by its series. */
function artanh(z: bigint): bigint {
  const square = multiply(z, z);
  let power = z;
  let total = z;
  for (let n = 3n; power !== 0n && power !== -1n && n < 400n; n += 2n) {
    power = multiply(power, square);
    total += power / n;
  }
  return total;
}

const ln2 = 2n * artanh(ONE / 3n);

function logarithm(x: bigint): Fixed {
  if (x <= 0n) return null;
  let shift = BigInt(x.toString(2).length) - BITS - 1n;
  let reduced = shift >= 0n ? x >> shift : x << -shift;
  // Three square roots bring [1, 2) so close to 1 that the series is short.
  for (let count = 0; count < 3; count += 1) reduced = squareRoot(reduced) ?? ONE;
  const near = divide(reduced - ONE, reduced + ONE);
  if (near === null) return null;
  shift *= ln2;
  return shift + 16n * artanh(near);
}

function arctangent(x: bigint): bigint {
  if (x < 0n) return -arctangent(-x);
  let value = x;
  let factor = 1n;
  while (value > ONE / 8n) {
    const root = squareRoot(ONE + multiply(value, value)) ?? ONE;
    value = (value << BITS) / (ONE + root);
    factor *= 2n;
  }
  const square = multiply(value, value);
  let power = value;
  let total = value;
  for (let n = 3n; power !== 0n && power !== -1n && n < 200n; n += 2n) {
    power = -multiply(power, square);
    total += power / n;
  }
  return factor * total;
}

const pi = 4n * arctangent(ONE);

function sine(x: bigint): bigint {
  const turn = 2n * pi;
  let angle = x % turn;
  if (angle > pi) angle -= turn;
  if (angle < -pi) angle += turn;
  const square = multiply(angle, angle);
  let term = angle;
  let total = angle;
  for (let n = 2n; term !== 0n && term !== -1n && n < 200n; n += 2n) {
    term = -multiply(term, square) / (n * (n + 1n));
    total += term;
  }
  return total;
}

const euler = exponential(ONE) ?? 0n;
const ln10 = logarithm(10n * ONE) ?? 0n;

function integerPower(base: bigint, exponent: bigint): Fixed {
  if (exponent < 0n) {
    const positive = integerPower(base, -exponent);
    return positive === null ? null : divide(ONE, positive);
  }
  if (exponent > MAX_POWER) return null;
  let result = ONE;
  for (let count = 0n; count < exponent; count += 1n) {
    result = multiply(result, base);
    if (bitLength(result) > MAX_BITS) return null;
  }
  return result;
}

function power(base: Fixed, exponent: Fixed): Fixed {
  if (base === null || exponent === null) return null;
  if (exponent % ONE === 0n) return integerPower(base, exponent / ONE);
  const log = logarithm(base);
  return log === null ? null : exponential(multiply(log, exponent));
}

function quotient(a: Fixed, b: Fixed): Fixed {
  return a === null || b === null ? null : divide(a, b);
}

/** Evaluates a constant; holds what `log` means and who pays. */
class PreciseEvaluation {
  constructor(
    private readonly logBase: 'e' | '10',
    private readonly budget: Budget,
  ) {}

  value(expr: Expr): Fixed {
    this.budget.spend(2);
    const result = this.compute(expr);
    return result !== null && bitLength(result) > MAX_BITS ? null : result;
  }

  private compute(expr: Expr): Fixed {
    switch (expr.kind) {
      case 'number':
        return fromRational(expr.value);
      case 'constant':
        return expr.name === 'pi' ? pi : expr.name === 'e' ? euler : null;
      case 'sum':
        return expr.terms.reduce((total: Fixed, term) => this.combine(total, term, (a, b) => a + b), 0n);
      case 'product':
        return expr.factors.reduce((total: Fixed, factor) => this.combine(total, factor, multiply), ONE);
      case 'quotient':
        return quotient(this.value(expr.top), this.value(expr.bottom));
      case 'negative':
        return this.combine(0n, expr.of, (_, b) => -b);
      case 'quantity':
        return this.value(expr.of);
      case 'percent':
        return quotient(this.value(expr.of), 100n * ONE);
      case 'degrees':
        return this.combine(pi / 180n, expr.of, multiply);
      case 'power':
        this.budget.spend(SERIES);
        return power(this.value(expr.base), this.value(expr.exponent));
      case 'root':
        return this.root(expr);
      case 'call':
        return this.call(expr);
      default:
        return null;
    }
  }

  private combine(total: Fixed, part: Expr, join: (a: bigint, b: bigint) => bigint): Fixed {
    const value = this.value(part);
    return total === null || value === null ? null : join(total, value);
  }

  private root(expr: ExprOf<'root'>): Fixed {
    this.budget.spend(SERIES);
    const index = this.value(expr.index);
    const radicand = this.value(expr.radicand);
    if (index === null || radicand === null) return null;
    if (index === 2n * ONE) return squareRoot(radicand);
    const isOdd = index % ONE === 0n && (index / ONE) % 2n !== 0n;
    const size = power(radicand < 0n ? -radicand : radicand, divide(ONE, index));
    return radicand >= 0n ? size : isOdd && size !== null ? -size : null;
  }

  private call(expr: ExprOf<'call'>): Fixed {
    this.budget.spend(SERIES);
    const [first, second] = expr.args.map((arg) => this.value(arg));
    if (first === undefined || first === null || !expr.known) return null;
    switch (expr.name) {
      case 'ln':
        return logarithm(first);
      case 'log':
        return this.logBase === 'e' ? logarithm(first) : quotient(logarithm(first), ln10);
      case 'log10':
        return quotient(logarithm(first), ln10);
      case 'log2':
        return quotient(logarithm(first), ln2);
      case 'log_':
        return second === undefined || second === null ? null : quotient(logarithm(first), logarithm(second));
      case 'exp':
        return exponential(first);
      case 'sin':
        return sine(first);
      case 'cos':
        return sine(first + pi / 2n);
      case 'tan':
        return quotient(sine(first), sine(first + pi / 2n));
      case 'arctan':
        return arctangent(first);
      case 'abs':
        return first < 0n ? -first : first;
      default:
        return null;
    }
  }
}

/** Differences below 2^-150, or below 2^-120 of the values, may be errors of the series. */
const NOISE = ONE >> 150n;
const RESOLUTION = 120n;

/** Whether two real constants that agree as doubles are certainly different. False where this arithmetic has no say. */
export function preciselyDifferent(a: Expr, b: Expr, logBase: 'e' | '10', budget: Budget): boolean {
  const evaluation = new PreciseEvaluation(logBase, budget);
  const first = evaluation.value(a);
  const second = first === null ? null : evaluation.value(b);
  if (first === null || second === null) return false;
  const [sizeA, sizeB] = [first, second].map((value) => (value < 0n ? -value : value)) as [bigint, bigint];
  const distance = first > second ? first - second : second - first;
  return distance > NOISE && distance << RESOLUTION > (sizeA > sizeB ? sizeA : sizeB);
}
