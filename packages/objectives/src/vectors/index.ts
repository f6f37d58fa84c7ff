import type { SlugAdapters } from './adapter.js';
import { baselines } from './baselines.js';

/** Implementations behind the test vectors: card slug, then the name of the case's function. */
export const vectorAdapters = { baselines } as const satisfies Readonly<Record<string, SlugAdapters>>;

export type VectorSlug = keyof typeof vectorAdapters;
