import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meanPassAtK, wilsonInterval } from './statistics.js';

describe('wilsonInterval', () => {
  it.each([
    [0, 10, 0, 0.27753279],
    [5, 10, 0.23659309, 0.76340691],
    [10, 10, 0.72246721, 1],
    [333, 1319, 0.22976132, 0.27660431],
  ])('of %d in %d', (successes, trials, low, high) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval[0]).toBeCloseTo(low, 6);
    expect(interval[1]).toBeCloseTo(high, 6);
    expect([interval[0] === 0, interval[1] === 1]).toEqual([successes === 0, successes === trials]);
  });

  it('ends where the share is 1.96 standard errors of the end away', () => {
    const counts = fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 100, max: 9999 }));
    fc.assert(
      fc.property(counts, ([successes, trials]) => {
        for (const end of wilsonInterval(successes, trials)) {
          const error = Math.sqrt((end * (1 - end)) / trials);
          expect(Math.abs(successes / trials - end) / error).toBeCloseTo(1.959964, 5);
        }
      }),
    );
  });

  it('holds the share, lies in [0, 1], mirrors, and narrows with more trials', () => {
    const counts = fc
      .integer({ min: 1, max: 5000 })
      .chain((trials) => fc.tuple(fc.double({ min: 0, max: trials, noNaN: true }), fc.constant(trials)));
    fc.assert(
      fc.property(counts, ([successes, trials]) => {
        const [low, high] = wilsonInterval(successes, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(successes / trials + 1e-12);
        expect(high).toBeGreaterThanOrEqual(successes / trials - 1e-12);
        const [mirrorLow, mirrorHigh] = wilsonInterval(trials - successes, trials);
        expect(mirrorLow).toBeCloseTo(1 - high, 9);
        expect(mirrorHigh).toBeCloseTo(1 - low, 9);
        const [wideLow, wideHigh] = wilsonInterval(4 * successes, 4 * trials);
        expect(wideHigh - wideLow).toBeLessThan(high - low);
      }),
    );
  });

  it('says nothing without trials and refuses impossible counts', () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
    expect(() => wilsonInterval(3, 2)).toThrow(/successes <= trials, got 3 of 2/);
  });
});

describe('meanPassAtK', () => {
  it('averages over the problems with enough answers', () => {
    // 1 - C(2, 2) / C(4, 2) = 5/6; the problem with one answer is left out.
    const counts = [
      { samples: 4, correct: 2 },
      { samples: 2, correct: 0 },
      { samples: 1, correct: 1 },
    ];
    expect(meanPassAtK(counts, 2)).toBeCloseTo((5 / 6 + 0) / 2, 12);
    expect(meanPassAtK(counts, 8)).toBeNaN();
  });
});
