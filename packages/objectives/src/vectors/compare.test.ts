import { expect, test } from 'vitest';
import { firstDifference } from './compare.js';
import { runVectors } from './run.js';

test('numbers agree within absolute plus relative tolerance, the rest exactly', () => {
  expect(firstDifference(100, 100.009, 1e-4)).toBeUndefined();
  expect(firstDifference(100, 100.02, 1e-4)).toBeDefined();
  expect(firstDifference(0, -0, 0)).toBeUndefined();
  expect(firstDifference(NaN, NaN, 0)).toBeUndefined();
  expect(firstDifference(null, NaN, 1)).toBeDefined();
  expect(firstDifference(1, NaN, 1)).toBeDefined();
  expect(firstDifference(Infinity, Infinity, 0)).toBeUndefined();
  expect(firstDifference(Infinity, 1, 1)).toBeDefined();
  expect(firstDifference(true, 1, 1)).toBeDefined();
  expect(firstDifference('a', 'a', 0)).toBeUndefined();
});

test('only keys of the expected value count, and the path of the first difference is named', () => {
  expect(firstDifference({ a: [1, 2] }, { a: Float64Array.of(1, 2), b: 3 }, 0)).toBeUndefined();
  expect(firstDifference({ a: { b: [1, 2] } }, { a: { b: [1, 3] } }, 0)).toMatchObject({ path: 'a.b[1]', got: '3' });
  expect(firstDifference({ a: [1] }, { a: [1, 2] }, 0)).toMatchObject({ path: 'a' });
  expect(firstDifference({ a: 1 }, undefined, 0)).toMatchObject({ path: '' });
});

test('a case passes, fails, throws or is missing, and each is counted', () => {
  const item = (name: string, fn: string, expected: unknown) => ({ name, fn, inputs: 2, params: {}, expected, tol: 0 });
  const adapters = {
    double: (x: number) => ({ y: 2 * x }),
    broken: () => {
      throw new Error('no');
    },
  };
  const cases = [
    item('a', 'double', { y: 4 }),
    item('b', 'double', { y: 5 }),
    item('c', 'broken', 1),
    item('d', 'other', 1),
  ];
  expect(runVectors('card', cases, adapters)).toEqual({
    slug: 'card',
    passed: 1,
    failed: 2,
    missing: 1,
    failures: [
      { name: 'b', fn: 'double', reason: 'y: expected 5, got 4' },
      { name: 'c', fn: 'broken', reason: 'threw no' },
    ],
    missingFunctions: ['other'],
    unread: [],
  });
});

test('keys that no case of a function has its adapter look at are named', () => {
  const item = {
    name: 'a',
    fn: 'f',
    inputs: { x: 1, y: 2 },
    params: { used: 1, ignored: 2 },
    expected: { z: 2 },
    tol: 0,
  };
  const adapters = {
    f: ({ x, ...rest }: Record<string, number>, { used }: { used: number }) => ({ z: x! + used, rest }),
  };
  expect(runVectors('card', [item], adapters)).toMatchObject({ passed: 1, unread: ['f.ignored'] });
});
