/**
 * Where training moves weights (arXiv 2511.08567, Def. 2.1 and 2.2, Sec. 2.2, 4.1, 4.2, App. E; no official code).
 *
 *     sparsity = share of weights i with |v_i - w_i| <= eta max(|w_i|, |v_i|), both rounded to bfloat16; eta 1e-3
 *     J(A, B)  = |A and B| / |A or B|; independent masks of densities p, q: p q / (p + q - p q)
 *     M_princ  = the share alpha of largest |W_k|, W_k the rank-k part of W; M_low: the share of smallest |W|
 *     overlap  = |M and update| / |update|; by chance the density of M
 *     cos theta_i = sigma_i(U0_k^T U1_k), likewise V; NSS = |sigma(W1) - sigma(W0)| / |sigma(W0)|
 *
 * All of it compares weights before and after; nothing has a gradient. Inferred: a mask has round(alpha m n) entries (a
 * half to even), ties to the earlier. With weights that were never rounded, sparsity is about 0: round first, as here.
 * The two that need singular values are in metrics/spectra.ts, an entry point of its own.
 */
import { part } from '../define.js';
import { bfloat16 } from './bf16.js';

export const pathNotTaken = part({
  title: 'Update geometry (The Path Not Taken)',
  source: 'arXiv 2511.08567',
  kinds: ['metric'],
  summary:
    'How sparse updates are in bfloat16, how they overlap with principal weights, how far spectra and subspaces move.',
  vectors: 'path-not-taken',
  needs: [],
});

/** [m][n] */
export type Weights = readonly (readonly number[])[];

/** [m][n] 1 where the weight belongs to the mask. */
export type WeightMask = readonly (readonly number[])[];

export interface UpdateSparsity {
  /** [weights] What bfloat16 makes of them. */
  readonly before: Float64Array;
  readonly after: Float64Array;
  /** [weights] 1 where the rounded weights differ by more than eta of the larger, and where they differ at all. */
  readonly changed: Uint8Array;
  readonly differs: Uint8Array;
  /** Share that did not change; 1 without weights. */
  readonly sparsity: number;
}

export function updateSparsity(before: ArrayLike<number>, after: ArrayLike<number>, eta = 1e-3): UpdateSparsity {
  if (before.length !== after.length) {
    throw new Error(`updateSparsity: both sides must have as many weights, got ${before.length} and ${after.length}`);
  }
  const old = Float64Array.from(before, bfloat16);
  const now = Float64Array.from(after, bfloat16);
  const isChanged = (w: number, v: number) => !(Math.abs(v - w) <= eta * Math.max(Math.abs(w), Math.abs(v)));
  const changed = Uint8Array.from(old, (w, i) => (isChanged(w, now[i]!) ? 1 : 0));
  const differs = Uint8Array.from(old, (w, i) => (w === now[i] ? 0 : 1));
  const moved = changed.reduce((sum, flag) => sum + flag, 0);
  return { before: old, after: now, changed, differs, sparsity: old.length > 0 ? 1 - moved / old.length : 1 };
}

/** `overlap`: share of an update that falls under the mask, null for an update that is empty; `chance`: density of the mask. */
export function maskOverlap(mask: WeightMask, update: WeightMask): { overlap: number | null; chance: number } {
  const { both, second, first, size } = countMasks(mask, update);
  return { overlap: second > 0 ? both / second : null, chance: size > 0 ? first / size : 0 };
}

/** Jaccard index of two masks, and that of independent ones as dense; null where both are empty. */
export function maskJaccard(a: WeightMask, b: WeightMask): { jaccard: number | null; chance: number | null } {
  const { both, first, second, size } = countMasks(a, b);
  const union = first + second - both;
  if (union === 0) return { jaccard: null, chance: null };
  const [p, q] = [first / size, second / size];
  return { jaccard: both / union, chance: (p * q) / (p + q - p * q) };
}

function countMasks(a: WeightMask, b: WeightMask) {
  let [both, first, second, size] = [0, 0, 0, 0];
  a.forEach((row, i) =>
    row.forEach((flag, j) => {
      const other = b[i]![j]!;
      both += flag * other;
      first += flag;
      second += other;
      size += 1;
    }),
  );
  return { both, first, second, size };
}

export interface UpdateConsensus {
  /** [m][n] Share of runs that changed the weight. */
  readonly consensus: number[][];
  /** Mean over pairs of different runs; null where every pair is empty. */
  readonly meanJaccard: number | null;
}

/** How far the update masks of several runs agree. */
export function updateConsensus(masks: readonly WeightMask[]): UpdateConsensus {
  const [first = []] = masks;
  const consensus = first.map((row, i) =>
    row.map((_, j) => masks.reduce((sum, mask) => sum + mask[i]![j]!, 0) / masks.length),
  );
  const pairs = masks.flatMap((mask, r) => masks.slice(r + 1).map((other) => maskJaccard(mask, other).jaccard));
  const known = pairs.filter((value) => value !== null);
  return { consensus, meanJaccard: known.length > 0 ? meanOf(known) : null };
}

/** Share of changed weights in each row, and in each column. */
export function maskRatios(mask: WeightMask): { rows: number[]; columns: number[] } {
  const columns = (mask[0] ?? []).map((_, j) => meanOf(mask.map((row) => row[j]!)));
  return { rows: mask.map(meanOf), columns };
}

function meanOf(values: readonly number[]): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}
