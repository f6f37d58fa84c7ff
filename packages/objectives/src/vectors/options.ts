import type { StandardDeviation } from '../advantages/group.js';

/** The ways in which cases say what a sum of squares is divided by; all absent: n - 1. */
export interface DeviationParams {
  readonly ddof?: 0 | 1;
  readonly std?: 'sample' | 'unbiased' | 'population' | 'biased';
  readonly bessel?: boolean;
}

export function deviationOf({ ddof, std, bessel }: DeviationParams): StandardDeviation {
  return ddof === 0 || std === 'population' || std === 'biased' || bessel === false ? 'population' : 'sample';
}

/** verl's names of KL estimators. */
export const verlKl = { kl: 'k1', abs: 'abs', mse: 'k2', low_var_kl: 'k3' } as const;
