import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashedUniform, largest, quantile } from './select.js';

const numbers = fc.array(
  fc.double({ noNaN: true, min: -5, max: 5 }).map((x) => Math.round(x)),
  { minLength: 1 },
);

test('the largest entries are those that sorting finds, exactly as many as asked for', () => {
  fc.assert(
    fc.property(numbers, fc.nat(40), (values, count) => {
      const chosen = largest(Float64Array.from(values), count);
      const wanted = [...values].sort((a, b) => b - a).slice(0, count);
      const got = values.filter((_, i) => chosen[i] === 1).sort((a, b) => b - a);
      expect(got).toEqual(wanted);
    }),
  );
  expect(Array.from(largest(Float64Array.of(1, NaN, 1, 0), 2))).toEqual([1, 0, 1, 0]);
});

test('the quantile interpolates between sorted entries', () => {
  fc.assert(
    fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, fraction) => {
      const sorted = [...values].sort((a, b) => a - b);
      const at = fraction * (sorted.length - 1);
      const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
      expect(quantile(Float64Array.from(values), fraction)).toBeCloseTo(low + (at % 1) * (high - low), 9);
    }),
  );
  expect(quantile(new Float64Array(), 0.5)).toBeNaN();
});

test('a hashed draw lies in [0, 1), spreads evenly and depends on the seed', () => {
  const draws = Array.from({ length: 4000 }, (_, i) => hashedUniform(i / 7, 1));
  const tenths = new Array<number>(10).fill(0);
  for (const draw of draws) tenths[Math.floor(10 * draw)]! += 1;
  for (const count of tenths) expect(Math.abs(count - 400)).toBeLessThan(90);
  expect(hashedUniform(0.5, 1)).not.toBe(hashedUniform(0.5, 2));
});
