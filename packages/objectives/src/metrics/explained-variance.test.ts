import { describe, expect, it } from 'vitest';
import { explainedVariance } from './explained-variance.js';

const batch = {
  offsets: Int32Array.of(0, 3, 5),
  group: Int32Array.of(0, 0),
  rewards: Float64Array.of(1, 0),
  mask: Uint8Array.of(1, 1, 0, 1, 1),
  columns: {},
};
/** The third token is an observation and must not count. */
const returns = Float64Array.of(1, 2, 1e9, 3, 6);

describe('explainedVariance', () => {
  it('is 1 for perfect foresight, also up to a constant, and 0 for a constant', () => {
    expect(explainedVariance(batch, returns, returns)).toBe(1);
    expect(
      explainedVariance(
        batch,
        returns.map((x) => x - 5),
        returns,
      ),
    ).toBeCloseTo(1, 12);
    expect(explainedVariance(batch, new Float64Array(5).fill(7), returns)).toBeCloseTo(0, 12);
  });

  it('is what the two variances say', () => {
    // Returns 1, 2, 3, 6 vary by 3.5; the errors 1, 1, 1, 3 by 0.75.
    const values = Float64Array.of(0, 1, -4, 2, 3);
    expect(explainedVariance(batch, values, returns)).toBeCloseTo(1 - 0.75 / 3.5, 12);
  });

  it('is below 0 for values that mislead, and says nothing of equal returns', () => {
    const misled = returns.map((x) => -x);
    expect(explainedVariance(batch, misled, returns)).toBeCloseTo(-3, 12);
    expect(explainedVariance(batch, returns, new Float64Array(5).fill(2))).toBeNaN();
    expect(explainedVariance({ ...batch, mask: new Uint8Array(5) }, returns, returns)).toBeNaN();
  });
});
