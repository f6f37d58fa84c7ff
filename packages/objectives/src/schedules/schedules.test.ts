import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANNEALED_TEMPERATURE, annealedTemperature, coolingLength } from './annealed-temperature.js';
import { advantageMass, extraRollouts } from './extra-rollouts.js';
import { selectForVerification, selectionCounts } from './verification-selection.js';

test('the temperature never rises behind the warm-up, reaches its floor where it says, and refuses what divides by 0', () => {
  const schedule = { ...ANNEALED_TEMPERATURE, growth: 0 };
  const cold = coolingLength(0, schedule);
  expect(annealedTemperature(Math.ceil(cold), 0, schedule)).toBe(0.1);
  expect(annealedTemperature(Math.floor(cold) - 1, 0, schedule)).toBeGreaterThan(0.1);
  for (let t = schedule.warmup; t < 600; t++) {
    expect(annealedTemperature(t + 1, 0, schedule)).toBeLessThanOrEqual(annealedTemperature(t, 0, schedule));
  }
  expect(annealedTemperature(1e9, 0, schedule)).toBe(0.1);
  expect(annealedTemperature(100, 1e9)).toBe(annealedTemperature(100, 40_000));
  expect(() => annealedTemperature(0, 0, { ...schedule, decay: 0 })).toThrow(/time constant/);
  expect(() => annealedTemperature(0, 0, { ...schedule, floor: 0 })).toThrow(/floor/);
});

test('more rollouts lift a hard prompt to the mass of a medium one, and not one further', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 32 }), fc.nat(31), fc.boolean(), (n, hits, byStd) => {
      const accuracy = Math.min(hits, n) / n;
      const extra = extraRollouts(accuracy, { schedule: 'equal', n, most: 1e6, byStd });
      if (accuracy >= 0.5) {
        expect(extra).toBe(0);
        return;
      }
      const mass = advantageMass(accuracy === 0 ? 0.5 / n : accuracy, byStd);
      const goal = n * advantageMass(0.5, byStd);
      expect((n + extra) * mass).toBeGreaterThan(goal - 1e-9);
      expect((n + extra - 1) * mass).toBeLessThan(goal + 1e-9);
    }),
  );
  expect(extraRollouts(0, { schedule: 'hardness', n: 8, most: 4, byStd: false })).toBe(0);
});

test('solutions are drawn once each, in order, as many as the counts say, the same for a seed', () => {
  const chosen = selectForVerification(20, 8, 9, 1);
  expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
  expect(selectionCounts(20, 8, 9)).toEqual([3, 3, 3]);
  expect([0, 1, 2].map((g) => chosen.filter((i) => Math.floor(i / 8) === g).length)).toEqual([3, 3, 3]);
  expect(selectForVerification(20, 8, 9, 1)).toEqual(chosen);
  expect(selectForVerification(64, 8, 16, 2)).not.toEqual(selectForVerification(64, 8, 16, 3));
  expect(selectForVerification(0, 8, 4, 1)).toEqual([]);
});
