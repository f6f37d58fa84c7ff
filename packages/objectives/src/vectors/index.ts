import type { SlugAdapters } from './adapter.js';
import { baselines } from './baselines.js';
import { dphRl } from './dph-rl.js';
import { rlPlus } from './rl-plus.js';

/** Implementations behind the test vectors: card slug, then the name of the case's function. */
export const vectorAdapters = { baselines, 'dph-rl': dphRl, 'rl-plus': rlPlus } as const satisfies Readonly<
  Record<string, SlugAdapters>
>;

export type VectorSlug = keyof typeof vectorAdapters;
