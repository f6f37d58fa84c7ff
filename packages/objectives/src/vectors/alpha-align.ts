import { gae } from '../advantages/returns.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf } from './padded.js';

interface GaeInputs {
  readonly rewards: readonly number[];
  readonly values: readonly number[];
  readonly mask: readonly number[];
}

export const alphaAlign: SlugAdapters = {
  gae: ({ rewards, values, mask }: GaeInputs, { gamma, lam }: { gamma: number; lam: number }) =>
    gae(batchOf([mask], {}), Float64Array.from(rewards), Float64Array.from(values), gamma, lam),
};
