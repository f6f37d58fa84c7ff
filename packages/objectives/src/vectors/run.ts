import type { SlugAdapters, VectorAdapter } from './adapter.js';
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
  /** `fn.key` of top-level inputs and parameters that no case's adapter looked at: options that would have no effect. */
  readonly unread: readonly string[];
}

/** Runs every case of a file. An adapter that throws fails its case; nothing throws here. */
export function runVectors(slug: string, cases: readonly VectorCase[], adapters: SlugAdapters): VectorReport {
  const failures: VectorFailure[] = [];
  const missingFunctions = new Set<string>();
  const read = new Set<string>();
  const given = new Set<string>();
  let missing = 0;
  for (const item of cases) {
    const adapter = Object.hasOwn(adapters, item.fn) ? adapters[item.fn] : undefined;
    if (adapter === undefined) {
      missing += 1;
      missingFunctions.add(item.fn);
      continue;
    }
    const watched = (record: unknown) => {
      for (const key of keysOf(record)) given.add(`${item.fn}.${key}`);
      return watchReads(record, (key) => read.add(`${item.fn}.${key}`));
    };
    const { inputs, params } = item;
    const reason = failureOf({ ...item, inputs: watched(inputs), params: watched(params) }, adapter);
    if (reason !== undefined) failures.push({ name: item.name, fn: item.fn, reason });
  }
  const passed = cases.length - missing - failures.length;
  const unread = [...given].filter((key) => !read.has(key));
  return { slug, passed, failed: failures.length, missing, failures, missingFunctions: [...missingFunctions], unread };
}

function keysOf(record: unknown): string[] {
  return typeof record === 'object' && record !== null && !Array.isArray(record) ? Object.keys(record) : [];
}

/** The same record, which tells of every key that is looked at. */
function watchReads(record: unknown, onRead: (key: string) => void): unknown {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return record;
  return new Proxy(record, {
    get: (target, key) => {
      if (typeof key === 'string') onRead(key);
      return Reflect.get(target, key) as unknown;
    },
  });
}

function failureOf(item: VectorCase, adapter: VectorAdapter): string | undefined {
  const compute = adapter as (inputs: unknown, params: unknown) => unknown;
  try {
    const difference = firstDifference(item.expected, compute(item.inputs, item.params), item.tol);
    return difference && `${difference.path}: expected ${difference.expected}, got ${difference.got}`;
  } catch (error) {
    return `threw ${error instanceof Error ? error.message : String(error)}`;
  }
}
