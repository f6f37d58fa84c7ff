import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseToken, uniform } from './choose-token.js';

const distribution = fc
  .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map((weights) => {
    const total = weights.reduce((sum, w) => sum + w, 1e-9);
    return Float32Array.from(weights, (w) => w / total);
  });

describe('chooseToken', () => {
  it('inverts the cumulative distribution', () => {
    const probs = Float32Array.of(0.125, 0.5, 0.25, 0.125);
    const drawn = [0, 0.124, 0.125, 0.624, 0.625, 0.874, 0.875, 0.9999].map((u) => chooseToken(probs, u));
    expect(drawn).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('draws tokens as often as they are likely', () => {
    const probs = Float32Array.of(0.1, 0.6, 0.3);
    const counts = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) counts[chooseToken(probs, uniform(42, i))]!++;
    counts.forEach((count, id) => expect(count / 20_000).toBeCloseTo(probs[id]!, 1));
  });

  it('top-k and top-p keep the likeliest tokens only', () => {
    const probs = Float32Array.of(0.1, 0.4, 0.3, 0.15, 0.05);
    const reach = (filter: object) =>
      new Set(Array.from({ length: 500 }, (_, i) => chooseToken(probs, i / 500, filter)));
    expect(reach({ topK: 2 })).toEqual(new Set([1, 2]));
    expect(reach({ topP: 0.8 })).toEqual(new Set([1, 2, 3]));
    expect(reach({ topP: 0.7 })).toEqual(new Set([1, 2]));
    expect(reach({ topK: 3, topP: 0.4 })).toEqual(new Set([1]));
  });

  it('always draws a token, one of positive probability where there is one', () => {
    fc.assert(
      fc.property(
        distribution,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat(9),
        (probs, u, k) => {
          const token = chooseToken(probs, u, { topK: k, topP: 0.9 });
          expect(token).toBeGreaterThanOrEqual(0);
          expect(token).toBeLessThan(probs.length);
          if (probs.some((p) => p > 0)) expect(probs[token]).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('uniform', () => {
  it('is in [0, 1), even, and differs by seed and index', () => {
    const values = Array.from({ length: 4000 }, (_, i) => uniform(i % 50, Math.floor(i / 50)));
    expect(new Set(values).size).toBe(4000);
    const bins = new Array<number>(10).fill(0);
    for (const value of values) bins[Math.floor(value * 10)]!++;
    for (const bin of bins) expect(bin).toBeGreaterThan(320);
    expect(uniform(2 ** 40 + 1, 0)).not.toBe(uniform(1, 0));
  });
});
