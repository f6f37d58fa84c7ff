import type { Budget } from './limits.js';

const primes: readonly bigint[] = sieve(1000);

function sieve(below: number): readonly bigint[] {
  const found: bigint[] = [];
  const composite = new Uint8Array(below);
  for (let n = 2; n < below; n += 1) {
    if (composite[n] === 1) continue;
    found.push(BigInt(n));
    for (let multiple = n * n; multiple < below; multiple += n) composite[multiple] = 1;
  }
  return found;
}

/** The integer square root of a value that is not negative, rounded down. */
export function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt(Math.ceil(value.toString(16).length * 2));
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/**
 * The prime factors of a positive integer with their exponents. Primes below 1000 are divided out; what is left is
 * split only if it is a square, so a large remainder may be composite. That keeps the cost small and is still a
 * canonical form: the same integer always gives the same factors.
 */
export function factorize(value: bigint, budget: Budget): readonly (readonly [bigint, number])[] {
  const factors: [bigint, number][] = [];
  let rest = value;
  budget.spend(Math.ceil(primes.length / 8));
  for (const prime of primes) {
    if (prime * prime > rest) break;
    let exponent = 0;
    while (rest % prime === 0n) {
      rest /= prime;
      exponent += 1;
      budget.spend();
    }
    if (exponent > 0) factors.push([prime, exponent]);
  }
  if (rest === 1n) return factors;
  const root = integerRoot(rest);
  factors.push(root * root === rest ? [root, 2] : [rest, 1]);
  return factors;
}
