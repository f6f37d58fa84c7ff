import fc from 'fast-check';
import { expect, test } from 'vitest';
import { curriculumPhase, groupSignalProbability, nestedPhases, selectHardest, twiceHard } from './hard-focus.js';

const rates = fc.array(fc.constantFrom(0, 0.25, 0.5, 1), { maxLength: 8 });

test('no prompt left out is harder than one selected, and equal ones go by index', () => {
  fc.assert(
    fc.property(rates, fc.nat(10), (passRates, keep) => {
      const chosen = selectHardest(passRates, keep);
      expect(chosen.length).toBe(Math.min(keep, passRates.length));
      passRates.forEach((rate, index) => {
        if (chosen.includes(index)) return;
        for (const other of chosen)
          expect(passRates[other]! < rate || (passRates[other] === rate && other < index)).toBe(true);
      });
    }),
  );
});

test('an unmeasured prompt counts as the easiest', () => {
  expect(selectHardest([Number.NaN, 1, 0.5], 2)).toEqual([2, 1]);
});

test('every phase lies within the one before, whatever the rates of dropped prompts become', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 }), {
        minLength: 3,
        maxLength: 3,
      }),
      (history) => {
        const [first, second, third] = nestedPhases(history, [5, 3, 1]);
        expect(first).toHaveLength(5);
        expect(first).toEqual(expect.arrayContaining(second!));
        expect(second).toEqual(expect.arrayContaining(third!));
      },
    ),
  );
});

test('steps walk through the phases and end', () => {
  const budgets = [3, 0, 2];
  expect(Array.from({ length: 6 }, (_, step) => curriculumPhase(step, budgets))).toEqual([
    { phase: 0, step: 0 },
    { phase: 0, step: 1 },
    { phase: 0, step: 2 },
    { phase: 2, step: 0 },
    { phase: 2, step: 1 },
    null,
  ]);
});

test('hard items stand twice', () => {
  expect(twiceHard(['hard', 'easy', 'hard', 'medium'])).toEqual([0, 0, 1, 2, 2, 3]);
});

test('the chance of a signal is that of a mixed group, counted over all outcomes', () => {
  const rollouts = 5;
  for (const p of [0, 0.1, 0.7, 1]) {
    let mixed = 0;
    for (let outcome = 1; outcome < 2 ** rollouts - 1; outcome++) {
      const right = outcome.toString(2).replaceAll('0', '').length;
      mixed += p ** right * (1 - p) ** (rollouts - right);
    }
    expect(groupSignalProbability(p, rollouts)).toBeCloseTo(mixed, 12);
  }
});
