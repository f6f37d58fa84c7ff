import { describe, expect, it } from 'vitest';
import { signalWatch } from './signal-watch.js';

describe('signalWatch', () => {
  it('speaks once after three steps in a row, about the commonest cause', () => {
    const watch = signalWatch();
    const step = ['all-wrong', 'all-wrong', 'all-right', 'mixed'] as const;
    expect([watch.observe(step), watch.observe(step)]).toEqual([undefined, undefined]);
    expect(watch.observe(step)).toMatch(/no signal for 3 steps: every answer is wrong: make the task easier/);
    expect(watch.observe(step)).toBeUndefined();
  });

  it('starts over after a step with signal; half of the groups are enough', () => {
    const watch = signalWatch();
    watch.observe(['all-right']);
    watch.observe(['all-right']);
    expect(watch.observe(['all-right', 'mixed'])).toBeUndefined();
    watch.observe(['all-right']);
    watch.observe(['all-right']);
    expect(watch.observe(['all-right'])).toMatch(/every answer is right: make the task harder/);
  });

  it.each([
    ['all-equal', /every reward is the same: give partial credit/],
    ['unjudged', /cannot be judged: look at the verdicts/],
  ] as const)('advises on %s', (signal, advice) => {
    const watch = signalWatch();
    watch.observe([signal]);
    watch.observe([signal]);
    expect(watch.observe([signal])).toMatch(advice);
  });
});
