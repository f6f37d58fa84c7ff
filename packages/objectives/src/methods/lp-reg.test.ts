import { describe, expect, test } from 'vitest';
import { createObjective } from '../registry.js';
import { uniform } from '../testing/sample-batch.js';
import { batchOf } from '../vectors/padded.js';
import { minPProxy, minPProxyLogProb, regularised } from './lp-reg.js';

const logits = [
  [4, 3.9, 1.5, 1, -2, -6],
  [0.1, 0, 0.2, -0.1, 0.05, 0],
  [9, 1, 1, 1, 1, 1],
];

function logSoftmax(row: readonly number[]): number[] {
  const total = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return row.map((logit) => logit - total);
}

describe('Lp-Reg', () => {
  test.each([0, 1, 2, 3, 4, 5])('log q from the likeliest tokens is that from all logits, token %d', (chosen) => {
    const width = 6;
    const rows = logits.map(logSoftmax);
    const batch = batchOf(
      rows.map(() => [1]),
      { logProb: rows.map((row) => [row[chosen]!]) },
    );
    const logProb = Float64Array.from(rows.flatMap((row) => [...row].sort((a, b) => b - a)));
    const got = minPProxyLogProb(batch, { width, ids: new Int32Array(logProb.length), logProb }, 0.02);
    logits.forEach((row, i) => {
      const { probabilities } = minPProxy(row, { floor: 0.02 });
      expect(Math.exp(got[i]!)).toBeCloseTo(probabilities[chosen]!, 12);
    });
  });

  test('the objective derives log q from topK where the column is missing, and takes the column where it is there', () => {
    const row = logSoftmax(logits[0]!);
    const batch = batchOf([[1]], { logProb: [[row[2]!]], oldLogProb: [[row[2]!]] });
    const topK = { width: 6, ids: new Int32Array(6), logProb: Float64Array.from(row) };
    const objective = createObjective('lp-reg');
    expect(objective.topK).toBe(64);
    expect(objective.derive!({ ...batch, topK }).proxyLogProb![0]).toBeGreaterThan(row[2]!);
    const given = { ...batch, topK, columns: { ...batch.columns, proxyLogProb: Float64Array.of(-1) } };
    expect(objective.derive!(given)).toEqual({});
  });

  test('what the filter dropped is never protected, nor tokens of good responses', () => {
    const draw = uniform(1);
    const logProb = Float64Array.from({ length: 200 }, () => -5 * draw());
    const proxy = logProb.map((value, i) => (i % 3 === 0 ? -Infinity : value + 0.1));
    const advantages = logProb.map((_, i) => (i % 2 === 0 ? -1 : 1));
    const chosen = regularised(logProb, proxy, advantages, { lowShare: 0.4, lowSharePositive: 0 });
    const flagged = Array.from(chosen.keys()).filter((i) => chosen[i] === 1);
    expect(flagged.length).toBeGreaterThan(10);
    expect(flagged.every((i) => i % 3 !== 0 && i % 2 === 0)).toBe(true);
    const highest = Math.max(...flagged.map((i) => logProb[i]!));
    const lower = Array.from(logProb.keys()).filter((i) => advantages[i]! < 0 && logProb[i]! < highest && i % 3 !== 0);
    expect(lower.every((i) => chosen[i] === 1)).toBe(true);
  });

  test('fewer than two candidates regularise nothing; a regularised token loses its clip', () => {
    const columns = { logProb: [[-3, -1]], oldLogProb: [[-5, -1]], proxyLogProb: [[-2.5, -0.9]] };
    const batch = batchOf([[1, 1]], columns);
    const advantages = Float64Array.of(-1, -1);
    const lone = createObjective('lp-reg', { lowShare: 0.5 }).loss(batch, advantages);
    expect(lone.metrics['selectedFraction']).toBe(0);
    const both = createObjective('lp-reg', { lowShare: 1, clipLow: 0.2, clipHigh: 0.2 }).loss(batch, advantages);
    expect(both.metrics['selectedFraction']).toBe(1);
    // d(r)/dl plus d(e^d - d - 1)/dl with d = log q - log pi.
    expect(both.gradients.logProb![0]).toBeCloseTo((Math.exp(2) + 1 - Math.exp(0.5)) / 2, 12);
  });
});
