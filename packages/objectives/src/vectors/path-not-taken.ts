import { bfloat16Spacing } from '../metrics/bf16.js';
import { spectralGeometry, weightMasks } from '../metrics/spectra.js';
import {
  maskJaccard,
  maskOverlap,
  maskRatios,
  updateConsensus,
  updateSparsity,
  type WeightMask,
} from '../metrics/update-geometry.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';

export const pathNotTaken: SlugAdapters = {
  bf16UpdateSparsity: (
    { before, after }: { before: readonly number[]; after: readonly number[] },
    { eta }: { eta: number },
  ) => {
    const found = updateSparsity(before, after, eta);
    return {
      bf16Before: found.before,
      bf16After: found.after,
      changed: found.changed,
      sparsity: found.sparsity,
      bitwiseChanged: found.differs,
    };
  },
  ulpBf16: ({ values }: { values: readonly number[] }) => {
    const spacing = values.map(bfloat16Spacing);
    const orNull = (list: readonly number[]) => list.map((value) => (Number.isNaN(value) ? null : value));
    return { ulp: orNull(spacing), halfUlp: orNull(spacing.map((value) => value / 2)) };
  },
  weightMasks: ({ W }: { W: Matrix }, { rank, alpha }: { rank: number; alpha: number }) => {
    const { rankPart, ...masks } = weightMasks(W, rank, alpha);
    return { rankK: rankPart, ...masks };
  },
  maskOverlap: ({ mask, update }: { mask: WeightMask; update: WeightMask }) => {
    const { overlap, chance } = maskOverlap(mask, update);
    return { overlap, baseline: chance };
  },
  maskJaccard: ({ a, b }: { a: WeightMask; b: WeightMask }) => {
    const { jaccard, chance } = maskJaccard(a, b);
    return { jaccard, baseline: chance };
  },
  updateConsensus: ({ masks }: { masks: readonly WeightMask[] }) => {
    const { consensus, meanJaccard } = updateConsensus(masks);
    // The cases give the ratios of the first run.
    const { rows, columns } = maskRatios(masks[0] ?? []);
    return { consensus, meanOffDiagonalJaccard: meanJaccard, rowRatio: rows, colRatio: columns };
  },
  spectralGeometry: ({ W0, W1 }: { W0: Matrix; W1: Matrix }, { k }: { k: number }) => {
    const found = spectralGeometry(W0, W1, k);
    const [sigma0, sigma1] = found.spectrum;
    const { cosLeft, cosRight, maxAngleLeft: maxAngleLeftDeg, maxAngleRight: maxAngleRightDeg } = found;
    return { cosLeft, cosRight, maxAngleLeftDeg, maxAngleRightDeg, nss: found.spectralShift, sigma0, sigma1 };
  },
};
