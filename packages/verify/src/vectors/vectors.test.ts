import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { VectorAdapter } from './adapter.js';
import { vectorAdapters } from './index.js';

const folder = path.join(
  process.env['TOUCHSTONE_SHARED'] ?? path.resolve(import.meta.dirname, '../../../../../shared'),
  'papers/vectors',
);

interface Case {
  readonly name: string;
  readonly fn: string;
  readonly inputs: unknown;
  readonly params: unknown;
  readonly expected: unknown;
  readonly tol?: number;
}

/** Numbers agree within tol absolute plus tol relative, everything else exactly; only keys of `expected` are compared. */
function agrees(actual: unknown, expected: unknown, tol: number): boolean {
  if (typeof expected === 'number')
    return typeof actual === 'number' && Math.abs(actual - expected) <= tol * (1 + Math.abs(expected));
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((each, index) => agrees(actual[index], each, tol))
    );
  }
  if (typeof expected === 'object' && expected !== null) {
    const own = actual as Readonly<Record<string, unknown>> | null;
    return (
      typeof own === 'object' &&
      own !== null &&
      Object.entries(expected).every(([key, each]) => agrees(own[key], each, tol))
    );
  }
  return actual === expected;
}

describe.skipIf(!existsSync(folder)).each(Object.keys(vectorAdapters))(
  'the vectors of %s (skipped without them)',
  (slug) => {
    const functions = vectorAdapters[slug]!;
    const file = path.join(folder, `${slug}.json`);
    const cases = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }).cases : [];

    test.each(cases.filter((each) => Object.hasOwn(functions, each.fn)))(
      '$fn: $name',
      ({ fn, inputs, params, expected, tol }) => {
        const adapter = functions[fn] as (inputs: unknown, params: unknown) => ReturnType<VectorAdapter>;
        const before = JSON.stringify(inputs);
        const actual = JSON.parse(JSON.stringify(adapter(inputs, params) ?? null)) as unknown;
        expect(agrees(actual, expected, tol ?? 1e-6), `got ${JSON.stringify(actual)}`).toBe(true);
        expect(JSON.stringify(inputs)).toBe(before);
      },
    );
  },
);
