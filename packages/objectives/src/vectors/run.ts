import type { SlugAdapters } from './adapter.js';
import { firstDifference } from './compare.js';

/** A file of test vectors: one card's cases. */
export interface VectorFile {
  readonly method: string;
  readonly cases: readonly VectorCase[];
}

export interface VectorCase {
  readonly name: string;
  readonly fn: string;
  readonly inputs: unknown;
  readonly params: unknown;
  readonly expected: unknown;
  readonly tol: number;
}

export interface VectorFailure {
  readonly name: string;
  readonly fn: string;
  readonly reason: string;
}

/** Outcome of one card; `missing` counts cases whose function has no adapter, named in `missingFunctions`. */
export interface VectorReport {
  readonly slug: string;
  readonly passed: number;
  readonly failed: number;
  readonly missing: number;
  readonly failures: readonly VectorFailure[];
  readonly missingFunctions: readonly string[];
}

/** Runs every case of a file. An adapter that throws fails its case; nothing throws here. */
export function runVectors(slug: string, cases: readonly VectorCase[], adapters: SlugAdapters): VectorReport {
  const failures: VectorFailure[] = [];
  const missingFunctions = new Set<string>();
  let missing = 0;
  for (const item of cases) {
    const adapter = Object.hasOwn(adapters, item.fn) ? adapters[item.fn] : undefined;
    if (adapter === undefined) {
      missing += 1;
      missingFunctions.add(item.fn);
      continue;
    }
    const reason = failureOf(item, adapter as (inputs: unknown, params: unknown) => unknown);
    if (reason !== undefined) failures.push({ name: item.name, fn: item.fn, reason });
  }
  const passed = cases.length - missing - failures.length;
  return { slug, passed, failed: failures.length, missing, failures, missingFunctions: [...missingFunctions] };
}

function failureOf(item: VectorCase, adapter: (inputs: unknown, params: unknown) => unknown): string | undefined {
  try {
    const difference = firstDifference(item.expected, adapter(item.inputs, item.params), item.tol);
    return difference && `${difference.path}: expected ${difference.expected}, got ${difference.got}`;
  } catch (error) {
    return `threw ${error instanceof Error ? error.message : String(error)}`;
  }
}
