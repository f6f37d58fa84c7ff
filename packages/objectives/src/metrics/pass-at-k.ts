import { part } from '../define.js';

export const passAtKMetric = part({
  title: 'pass@k',
  source: 'arXiv 2107.03374',
  kinds: ['metric'],
  summary: 'The chance that k of n samples hold a correct one, without bias.',
  vectors: null,
  needs: [],
});

/**
 * Unbiased pass@k of one problem (arXiv 2107.03374, eq. 1): the chance that k of the n samples, drawn without
 * replacement, hold at least one of the c correct ones: `1 - C(n - c, k) / C(n, k)`, computed as a product.
 * Throws when k or c is outside 0 .. n.
 */
export function passAtK(n: number, c: number, k: number): number {
  if (!(Number.isInteger(n) && Number.isInteger(c) && Number.isInteger(k) && c >= 0 && c <= n && k >= 1 && k <= n)) {
    throw new Error(`passAtK: 0 <= c <= n and 1 <= k <= n must be integers, got n ${n}, c ${c}, k ${k}; sample more`);
  }
  if (n - c < k) return 1;
  let none = 1;
  for (let i = n - c + 1; i <= n; i++) none *= 1 - k / i;
  return 1 - none;
}

/** Mean of `passAtK` over problems with n samples each (n may differ). NaN without problems. */
export function meanPassAtK(counts: readonly { readonly n: number; readonly c: number }[], k: number): number {
  return counts.reduce((sum, { n, c }) => sum + passAtK(n, c, k), 0) / counts.length;
}
