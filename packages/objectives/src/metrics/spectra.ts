/**
 * What training does to the singular values and vectors of a weight matrix (arXiv 2511.08567, Sec. 4; the formulas stand
 * in update-geometry.ts). By ml-matrix (Golub-Kahan, float64): orthogonal to 1e-12, but a matrix of 576 x 1536 takes
 * seconds, so measure at checkpoints and not at steps.
 */
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { largest, roundHalfEven } from '../terms/select.js';
import type { Weights } from './update-geometry.js';

export interface WeightMasks {
  /** W_k */
  readonly rankPart: number[][];
  readonly principal: number[][];
  readonly lowMagnitude: number[][];
  readonly principalNotLow: number[][];
  /** Low in magnitude or not principal: what sparse training may move. */
  readonly safe: number[][];
}

/** Masks over the weights before training. Rank above min(m, n): all of W. */
export function weightMasks(weights: Weights, rank: number, alpha: number): WeightMasks {
  const rankPart = rankReconstruction(weights, rank);
  const columns = weights[0]?.length ?? 0;
  const count = roundHalfEven(alpha * weights.length * columns);
  const rows = (flags: Uint8Array) => weights.map((_, i) => Array.from(flags.subarray(i * columns, (i + 1) * columns)));
  const principal = rows(largest(Float64Array.from(rankPart.flat(), Math.abs), count));
  const lowMagnitude = rows(
    largest(
      Float64Array.from(weights.flat(), (value) => -Math.abs(value)),
      count,
    ),
  );
  const combine = (of: (isPrincipal: boolean, isLow: boolean) => boolean) =>
    principal.map((row, i) => row.map((flag, j) => (of(flag === 1, lowMagnitude[i]![j] === 1) ? 1 : 0)));
  return {
    rankPart,
    principal,
    lowMagnitude,
    principalNotLow: combine((isPrincipal, isLow) => isPrincipal && !isLow),
    safe: combine((isPrincipal, isLow) => isLow || !isPrincipal),
  };
}

function rankReconstruction(weights: Weights, rank: number): number[][] {
  const { left, values, right } = decompose(weights);
  const kept = Math.min(rank, values.length);
  const scaled = columnsOf(left, kept).mulRowVector(values.slice(0, kept));
  return scaled.mmul(columnsOf(right, kept).transpose()).to2DArray();
}

export interface SpectralGeometry {
  /** [k] Cosines of the principal angles between the top-k subspaces, from the largest. */
  readonly cosLeft: number[];
  readonly cosRight: number[];
  /** Largest of those angles, in degrees. */
  readonly maxAngleLeft: number;
  readonly maxAngleRight: number;
  /** Distance of the spectra over the length of the first; 0 where that is 0 and they agree. */
  readonly spectralShift: number;
  /** [min(m, n)] Singular values, falling. */
  readonly spectrum: readonly [before: number[], after: number[]];
  /** sigma_k - sigma_(k+1) before training: small means that the subspace, and its angles, are not defined. */
  readonly gap: number;
}

/** How far training turned the top-k subspaces of a matrix and moved its spectrum. */
export function spectralGeometry(before: Weights, after: Weights, k: number): SpectralGeometry {
  const [a, b] = [decompose(before), decompose(after)];
  const kept = Math.min(k, a.values.length);
  const cosines = (x: Matrix, y: Matrix) =>
    new SingularValueDecomposition(columnsOf(x, kept).transpose().mmul(columnsOf(y, kept)), {
      computeLeftSingularVectors: false,
      computeRightSingularVectors: false,
    }).diagonal.map((value) => Math.min(Math.max(value, 0), 1));
  const [cosLeft, cosRight] = [cosines(a.left, b.left), cosines(a.right, b.right)];
  const largestAngle = (values: readonly number[]) => (Math.acos(Math.min(1, ...values)) * 180) / Math.PI;
  const shift = Math.hypot(...a.values.map((value, i) => b.values[i]! - value));
  const length = Math.hypot(...a.values);
  return {
    cosLeft,
    cosRight,
    maxAngleLeft: largestAngle(cosLeft),
    maxAngleRight: largestAngle(cosRight),
    spectralShift: shift === 0 ? 0 : shift / length,
    spectrum: [a.values, b.values],
    gap: (a.values[kept - 1] ?? 0) - (a.values[kept] ?? 0),
  };
}

function decompose(weights: Weights): { left: Matrix; values: number[]; right: Matrix } {
  const result = new SingularValueDecomposition(new Matrix(weights.map((row) => [...row])), { autoTranspose: true });
  return { left: result.leftSingularVectors, values: result.diagonal, right: result.rightSingularVectors };
}

function columnsOf(matrix: Matrix, count: number): Matrix {
  return matrix.subMatrix(0, matrix.rows - 1, 0, count - 1);
}
