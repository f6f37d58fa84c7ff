import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  correct,
  crashed,
  incorrect,
  outcomePolicies,
  partial,
  scoreOrPolicy,
  timeout,
  unscorable,
  withElapsed,
} from './verdict.js';

describe('constructors', () => {
  it('give a full verdict with empty fields where nothing was said', () => {
    expect(correct('equal')).toEqual({
      outcome: 'correct',
      score: 1,
      parts: {},
      extracted: null,
      reason: 'equal',
      feedback: '',
      elapsedMs: 0,
    });
  });

  it('keep what was said', () => {
    const verdict = incorrect('different', { extracted: '3', feedback: 'want 4', parts: { format: 1 } });
    expect(verdict).toMatchObject({ score: 0, extracted: '3', feedback: 'want 4', parts: { format: 1 } });
  });

  it('partial credit is correct only at 1 and stays in [0, 1]', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (score) => {
        const verdict = partial(score, 'overlap');
        expect(verdict.score).toBeGreaterThanOrEqual(0);
        expect(verdict.score).toBeLessThanOrEqual(1);
        expect(verdict.outcome === 'correct').toBe(verdict.score === 1);
      }),
    );
    expect(partial(Number.NaN, 'overlap').outcome).toBe('unscorable');
  });

  it('withElapsed measures from the reading given', () => {
    expect(withElapsed(correct('equal'), performance.now() - 5).elapsedMs).toBeGreaterThanOrEqual(5);
  });
});

describe('scoreOrPolicy', () => {
  const failures = [unscorable('no-reference'), timeout(20), crashed('threw')];

  it('never changes a judged score', () => {
    for (const policy of ['exclude', 'zero', 'penalty', 'raise', 'timeout-is-wrong'] as const) {
      expect(scoreOrPolicy(partial(0.25, 'overlap'), policy)).toBe(0.25);
    }
  });

  it('applies each named policy', () => {
    expect(failures.map((verdict) => scoreOrPolicy(verdict))).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(failures.map((verdict) => scoreOrPolicy(verdict, 'zero'))).toEqual([0, 0, 0]);
    expect(failures.map((verdict) => scoreOrPolicy(verdict, 'penalty'))).toEqual([-1, -1, -1]);
    expect(failures.map((verdict) => scoreOrPolicy(verdict, 'timeout-is-wrong'))).toEqual([Number.NaN, 0, Number.NaN]);
    for (const verdict of failures) expect(() => scoreOrPolicy(verdict, 'raise')).toThrow(verdict.outcome);
  });

  it('takes a policy of the caller', () => {
    const policy = { ...outcomePolicies.exclude, crashed: -0.5 };
    expect(scoreOrPolicy(crashed('threw'), policy)).toBe(-0.5);
  });
});
