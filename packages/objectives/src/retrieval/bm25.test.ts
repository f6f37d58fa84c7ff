import { expect, test } from 'vitest';
import { bm25Scores, bm25Top } from './bm25.js';

test('rare words weigh more, repeated ones less and less, and long documents lose', () => {
  const documents = ['a a b', 'a c', 'a d d d d d d d'];
  const [, rare = 0] = bm25Scores(documents, 'C');
  const [, common = 0] = bm25Scores(documents, 'a');
  expect(rare).toBeGreaterThan(common);
  const [twice = 0, once = 0, long = 0] = bm25Scores(documents, 'a');
  expect(twice).toBeGreaterThan(once);
  expect(twice).toBeLessThan(2 * once);
  expect(once).toBeGreaterThan(long);
  expect(bm25Scores(documents, 'a', { b: 0 })[1]).toBe(bm25Scores(documents, 'a', { b: 0 })[2]);
});

test('a repeated word of the query counts again; unknown words, empty texts and no documents give nothing', () => {
  const documents = ['x y', '', 'x'];
  expect(bm25Scores(documents, 'x x')[0]).toBeCloseTo(2 * bm25Scores(documents, 'x')[0]!, 12);
  expect(bm25Scores(documents, 'zzz')).toEqual([0, 0, 0]);
  expect(bm25Scores([], 'x')).toEqual([]);
  expect(bm25Scores([''], '')).toEqual([0]);
});

test('of equal scores the earlier wins', () => {
  expect(bm25Top([0, 2, 2, 1], 3)).toEqual([1, 2, 3]);
});
