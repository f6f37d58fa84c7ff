import { describe, expect, it } from 'vitest';
import { learningRateSchedule } from './schedule.js';

const settings = { learningRate: 2, schedule: 'cosine', warmupSteps: 4, finalShare: 0.1 } as const;

describe('learningRateSchedule', () => {
  it('rises linearly to the full rate at the last step of the warm-up', () => {
    const rate = learningRateSchedule(settings, 15);
    expect([1, 2, 3, 4].map(rate)).toEqual([0.5, 1, 1.5, 2]);
  });

  it('falls along half a cosine to its final share at the last step', () => {
    const rate = learningRateSchedule(settings, 15);
    expect(rate(5)).toBeCloseTo(2, 12);
    expect(rate(10)).toBeCloseTo(1.1, 12);
    expect(rate(15)).toBeCloseTo(0.2, 12);
    expect(rate(99)).toBeCloseTo(0.2, 12);
  });

  it('stays constant, from the first step without a warm-up', () => {
    const rate = learningRateSchedule({ ...settings, schedule: 'constant', warmupSteps: 0 }, 10);
    expect([1, 5, 10].map(rate)).toEqual([2, 2, 2]);
  });

  it.each([1, 4, 5])('is finite and positive in a run of %d steps', (steps) => {
    const rate = learningRateSchedule(settings, steps);
    for (let step = 1; step <= steps; step++) expect(rate(step)).toBeGreaterThan(0);
  });
});
