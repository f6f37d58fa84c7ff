import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entropyGate } from '../filters/entropy-gate.js';
import { createObjective } from '../registry.js';
import { cascadeReward } from '../shaping/cascade.js';
import { sampleBatch } from '../testing/sample-batch.js';
import { batchOf } from '../vectors/padded.js';

test('the gate keeps the most uncertain token of every response and about the wanted share', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (seed, fraction) => {
      const batch = sampleBatch({ seed, groupSizes: [3, 2], maxLength: 30 });
      const gate = entropyGate(batch, fraction, 'response');
      const entropy = batch.columns.oldEntropy!;
      for (let i = 0; i < batch.group.length; i++) {
        const tokens = [];
        for (let t = batch.offsets[i]!; t < batch.offsets[i + 1]!; t++) if (batch.mask[t] === 1) tokens.push(t);
        if (tokens.length === 0) continue;
        const most = tokens.reduce((best, t) => (entropy[t]! > entropy[best]! ? t : best));
        expect(gate[most]).toBe(1);
        const kept = tokens.filter((t) => gate[t] === 1).length;
        expect(Math.abs(kept - fraction * tokens.length)).toBeLessThanOrEqual(1 + 1e-9);
      }
      expect(gate.every((flag, t) => batch.mask[t] === 1 || flag === 0)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('tokens that are certain carry no policy gradient, even where they are all of a response', () => {
  const columns = { logProb: [[-1, -0.1, -0.2]], oldLogProb: [[-1, -0.1, -0.2]], oldEntropy: [[0, 0, 0]] };
  const objective = createObjective('earl');
  const batch = batchOf([[1, 1, 1]], columns);
  const full = { ...batch, columns: { ...batch.columns, ...objective.derive!(batch) } };
  const { gradients, metrics } = objective.loss(full, new Float64Array(3).fill(1));
  expect(gradients.logProb!.every((value) => value === 0)).toBe(true);
  expect(metrics['selectedFraction']).toBe(0);
});

test('the anchor holds tokens that the gate leaves out', () => {
  const columns = {
    logProb: [[-1, -0.5]],
    oldLogProb: [[-1, -0.5]],
    refLogProb: [[-1, -0.1]],
    oldEntropy: [[2, 0.1]],
  };
  const objective = createObjective('earl', { klCoef: 0.5 });
  const batch = batchOf([[1, 1]], columns);
  const full = { ...batch, columns: { ...batch.columns, ...objective.derive!(batch) } };
  const { gradients } = objective.loss(full, new Float64Array(2).fill(1));
  expect(gradients.logProb![0]).toBeCloseTo(-1 / 2, 12);
  expect(gradients.logProb![1]).toBeCloseTo((0.5 * (1 - Math.exp(0.4))) / 2, 12);
});

test('a cascade stops at the first failure, whatever later stages say', () => {
  expect(cascadeReward({ parses: false, interfaceFits: true, works: true })).toBe(0);
  expect(cascadeReward({ parses: true, interfaceFits: false, works: true })).toBe(0.1);
  expect(cascadeReward({ parses: true, interfaceFits: true, works: false })).toBe(0.3);
  expect(cascadeReward({ parses: true, interfaceFits: true, works: true })).toBe(1);
});
