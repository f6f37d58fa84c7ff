import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveSeed, hashText, Random } from './random.js';

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe('Random', () => {
  it('is xoshiro128** as published', () => {
    const random = Random.fromState([1, 2, 3, 4]);
    const drawn = Array.from({ length: 8 }, () => random.uint32());
    expect(drawn).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849]);
  });

  it('gives the same stream for the same seed, and different ones otherwise', () => {
    fc.assert(
      fc.property(seeds, seeds, (a, b) => {
        const draw = (seed: number): number[] => {
          const random = new Random(seed);
          return Array.from({ length: 4 }, () => random.uint32());
        };
        expect(draw(a)).toEqual(draw(a));
        if (a !== b) expect(draw(a)).not.toEqual(draw(b));
      }),
    );
  });

  it('draws integers evenly over the whole range, ends included', () => {
    const random = new Random(11);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.integer(-3, 3) + 3]! += 1;
    // 5 standard deviations of a binomial count with n = 70 000, p = 1/7.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(10_000 * (6 / 7)));
  });

  it('draws floats and normals with the right mean and variance', () => {
    const random = new Random(12);
    const n = 50_000;
    const floats = Array.from({ length: n }, () => random.float());
    const normals = Array.from({ length: n }, () => random.normal());
    const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(mean(floats) - 0.5)).toBeLessThan(5 / Math.sqrt(12 * n));
    expect(Math.abs(mean(normals))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(mean(normals.map((x) => x * x)) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(floats.every((x) => x >= 0 && x < 1)).toBe(true);
  });

  it('shuffles into a permutation and leaves its argument alone', () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.integer()), (seed, items) => {
        const before = [...items];
        const shuffled = new Random(seed).shuffle(items);
        expect(items).toEqual(before);
        expect([...shuffled].sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
      }),
    );
  });

  it('draws weighted indices in proportion and never one of weight 0', () => {
    const random = new Random(13);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 40_000; i++) counts[random.weighted([1, 0, 3, 0])]! += 1;
    expect(counts[1]! + counts[3]!).toBe(0);
    expect(Math.abs(counts[0]! - 10_000)).toBeLessThan(5 * Math.sqrt(7_500));
  });

  it.each([-1, 0.5, NaN, 2 ** 53])('refuses the seed %d', (seed) => {
    expect(() => new Random(seed)).toThrow(/seed must be an integer in \[0, 2\^53\)/);
  });

  it('refuses empty choices', () => {
    const random = new Random(1);
    expect(() => random.pick([])).toThrow(RangeError);
    expect(() => random.integer(2, 1)).toThrow(RangeError);
    expect(() => random.weighted([0, 0])).toThrow(RangeError);
  });
});

describe('deriveSeed', () => {
  it('separates parts, types and orders', () => {
    const lists = [['ab', 'c'], ['a', 'bc'], ['abc'], [1, 2], [2, 1], [12], ['1', 2], [1, '2'], []];
    expect(new Set(lists.map((parts) => deriveSeed(...parts))).size).toBe(lists.length);
  });

  it('has no collision among 200 000 neighbours, and even low and high bits', () => {
    const seen = new Set<number>();
    let odd = 0;
    let high = 0;
    for (let i = 0; i < 200_000; i++) {
      const seed = deriveSeed(7, 'train', i);
      seen.add(seed);
      odd += seed % 2;
      if (seed >= 2 ** 52) high += 1;
    }
    expect(seen.size).toBe(200_000);
    expect(Math.abs(odd - 100_000)).toBeLessThan(5 * Math.sqrt(50_000));
    expect(Math.abs(high - 100_000)).toBeLessThan(5 * Math.sqrt(50_000));
  });
});

describe('hashText', () => {
  it('never changes, because it decides what is held out', () => {
    expect([hashText(''), hashText('a'), hashText('addition 12+34')]).toMatchInlineSnapshot(`
      [
        5790177291847460,
        2312156332384804,
        1272230868937387,
      ]
    `);
  });
});
