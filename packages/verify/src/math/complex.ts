/** Complex numbers in double precision. A value that is undefined has a NaN part. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

export function complex(re: number, im = 0): Complex {
  return { re, im };
}

export const undefinedValue: Complex = { re: Number.NaN, im: Number.NaN };

export function isDefined(z: Complex): boolean {
  return Number.isFinite(z.re) && Number.isFinite(z.im);
}

export function magnitude(z: Complex): number {
  return Math.hypot(z.re, z.im);
}

export function add(a: Complex, b: Complex): Complex {
  return { re: a.re + b.re, im: a.im + b.im };
}

export function subtract(a: Complex, b: Complex): Complex {
  return { re: a.re - b.re, im: a.im - b.im };
}

export function multiply(a: Complex, b: Complex): Complex {
  if (a.im === 0 && b.im === 0) return { re: a.re * b.re, im: 0 };
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re };
}

export function divide(a: Complex, b: Complex): Complex {
  if (b.im === 0) return b.re === 0 ? undefinedValue : { re: a.re / b.re, im: a.im / b.re };
  const size = b.re * b.re + b.im * b.im;
  return { re: (a.re * b.re + a.im * b.im) / size, im: (a.im * b.re - a.re * b.im) / size };
}

export function exp(z: Complex): Complex {
  const size = Math.exp(z.re);
  return z.im === 0 ? { re: size, im: 0 } : { re: size * Math.cos(z.im), im: size * Math.sin(z.im) };
}

/** The principal logarithm. */
export function log(z: Complex): Complex {
  if (z.re === 0 && z.im === 0) return undefinedValue;
  return { re: Math.log(magnitude(z)), im: Math.atan2(z.im, z.re) };
}

function integerPower(base: Complex, exponent: number): Complex {
  if (base.im === 0) return { re: base.re ** exponent, im: 0 };
  let result = complex(1);
  let square = base;
  for (let rest = Math.abs(exponent); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return exponent < 0 ? divide(complex(1), result) : result;
}

/** The principal power; integer powers are exact products, and positive bases stay real. */
export function power(base: Complex, exponent: Complex): Complex {
  if (exponent.im === 0) {
    if (Number.isInteger(exponent.re) && Math.abs(exponent.re) < 2 ** 31) {
      return base.re === 0 && base.im === 0 && exponent.re < 0 ? undefinedValue : integerPower(base, exponent.re);
    }
    if (base.im === 0 && base.re >= 0) return { re: base.re ** exponent.re, im: 0 };
  }
  if (base.re === 0 && base.im === 0) return undefinedValue;
  return exp(multiply(exponent, log(base)));
}

/** The principal root, except that odd roots of negative numbers are real. */
export function root(radicand: Complex, order: number): Complex {
  if (radicand.im === 0) {
    if (order === 2) {
      return radicand.re >= 0 ? { re: Math.sqrt(radicand.re), im: 0 } : { re: 0, im: Math.sqrt(-radicand.re) };
    }
    if (order === 3) return { re: Math.cbrt(radicand.re), im: 0 };
    if (radicand.re < 0 && Math.abs(order % 2) === 1) return { re: -((-radicand.re) ** (1 / order)), im: 0 };
  }
  return power(radicand, complex(1 / order));
}

const i: Complex = { re: 0, im: 1 };

export function sin(z: Complex): Complex {
  if (z.im === 0) return { re: Math.sin(z.re), im: 0 };
  return { re: Math.sin(z.re) * Math.cosh(z.im), im: Math.cos(z.re) * Math.sinh(z.im) };
}

export function cos(z: Complex): Complex {
  if (z.im === 0) return { re: Math.cos(z.re), im: 0 };
  return { re: Math.cos(z.re) * Math.cosh(z.im), im: -Math.sin(z.re) * Math.sinh(z.im) };
}

export function arcsin(z: Complex): Complex {
  if (z.im === 0 && Math.abs(z.re) <= 1) return { re: Math.asin(z.re), im: 0 };
  const rooted = root(subtract(complex(1), multiply(z, z)), 2);
  const inner = log(add(multiply(i, z), rooted));
  return { re: inner.im, im: -inner.re };
}

export function arctan(z: Complex): Complex {
  if (z.im === 0) return { re: Math.atan(z.re), im: 0 };
  const difference = subtract(log(subtract(complex(1), multiply(i, z))), log(add(complex(1), multiply(i, z))));
  return multiply(complex(0, 0.5), difference);
}

// Lanczos approximation with g = 7 and 9 terms; relative error about 1e-15 for real arguments.
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** The gamma function of a real argument; NaN at its poles. */
export function gamma(x: number): number {
  if (x <= 0 && Number.isInteger(x)) return Number.NaN;
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  if (Number.isInteger(x) && x < 23) {
    let product = 1;
    for (let factor = 2; factor < x; factor += 1) product *= factor;
    return product;
  }
  const shifted = x - 1;
  const t = shifted + 7.5;
  let total = lanczos[0] ?? 1;
  for (let term = 1; term < lanczos.length; term += 1) total += (lanczos[term] ?? 0) / (shifted + term);
  return Math.sqrt(2 * Math.PI) * t ** (shifted + 0.5) * Math.exp(-t) * total;
}
