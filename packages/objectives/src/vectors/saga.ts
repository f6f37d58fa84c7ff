import { accuracyArea, accuracyCurve, detectionBound, errorPatterns, verifierQuality } from '../metrics/test-suite.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';

const failures = (matrix: Matrix) => matrix.map((row) => row.map((flag) => flag === 1));

export const saga: SlugAdapters = {
  verifierQuality: ({ failMatrices }: { failMatrices: readonly Matrix[] }) => {
    const quality = verifierQuality(failMatrices.map(failures));
    return {
      detectionRatePerProblem: quality.detectionRates,
      detectionRateMicro: quality.detectionRateMicro,
      detectionRateMacro: quality.detectionRateMacro,
      verifierAccuracyPerProblem: quality.accuracies,
      verifierAccuracy: quality.accuracy,
    };
  },
  errorPatternCoverage: ({ failMatrix }: { failMatrix: Matrix }) => {
    const { distinct, ratio } = errorPatterns(failures(failMatrix));
    return { depc: distinct, diversityRatio: ratio };
  },
  aucAcc: ({ testCounts, accuracies }: { testCounts: readonly number[]; accuracies: readonly number[] }) => ({
    auc: accuracyArea(testCounts, accuracies),
  }),
  accuracyCurve: ({ failMatrices, testCounts }: { failMatrices: readonly Matrix[]; testCounts: readonly number[] }) => {
    const accuracies = accuracyCurve(failMatrices.map(failures), testCounts);
    return { accuracies, auc: accuracyArea(testCounts, accuracies) };
  },
  detectionBound: ({ n }: { n: number }, params: { meanPotency: number; effectiveCorrelation: number }) =>
    detectionBound(n, params.meanPotency, params.effectiveCorrelation),
};
