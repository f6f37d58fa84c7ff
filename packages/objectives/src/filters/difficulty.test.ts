import fc from 'fast-check';
import { expect, test } from 'vitest';
import { difficultyReport } from './difficulty.js';

test('an item is effective where its rollouts disagree, and kept unless all are right', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.boolean(), { maxLength: 4 }), { maxLength: 6 }), (items) => {
      const report = difficultyReport(items);
      items.forEach((row, i) => {
        expect(report.effective[i]).toBe(new Set(row).size === 2);
        expect(report.keep[i]).toBe(row.length === 0 || row.includes(false));
        if (row.length > 0) expect(report.accuracy[i]! * row.length).toBeCloseTo(row.filter(Boolean).length, 12);
      });
      const effective = report.effective.filter(Boolean).length;
      expect(report.effectiveRatio).toBe(items.length > 0 ? effective / items.length : 0);
    }),
  );
});

test('an item without rollouts counts as never solved', () => {
  expect(difficultyReport([[]])).toEqual({ accuracy: [0], keep: [true], effective: [false], effectiveRatio: 0 });
});
