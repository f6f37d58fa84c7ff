import { describe, expect, test } from 'vitest';
import { createObjective, objectiveNames } from './index.js';
import { batchOf } from './vectors/padded.js';

const mask = [
  [0, 1, 1, 1],
  [0, 1, 1, 0],
  [0, 1, 0, 0],
  [0, 1, 1, 1],
];
const logProb = [
  [0, -0.3, -1.2, -0.7],
  [0, -0.9, -0.1, 0],
  [0, -2, 0, 0],
  [0, -0.4, -0.6, -1.1],
];
const batch = batchOf(mask, { logProb, oldLogProb: logProb }, { rewards: [1, 0, 1, 0], groups: ['a', 'a', 'b', 'b'] });

describe('createObjective', () => {
  test('an unknown name or setting is refused with the nearest known one', () => {
    expect(() => createObjective('drgrpo')).toThrow(/unknown objective "drgrpo"; did you mean dr-grpo\?/);
    expect(() => createObjective('grpo', { clipHihg: 0.3 })).toThrow(
      /unknown setting "clipHihg"; did you mean clipHigh\?/,
    );
    expect(() => createObjective('grpo', { clipHigh: '0.3' })).toThrow(
      /grpo: clipHigh must be a number of at least 0, got "0.3"/,
    );
    expect(() => createObjective('grpo', { aggregation: 'mean' })).toThrow(/must be one of token-mean/);
    expect(() => createObjective('toString')).toThrow(/unknown objective/);
    expect(() => createObjective('grpo', { constructor: 1 })).toThrow(/unknown setting/);
  });

  test('columns are asked for only where a setting uses them', () => {
    expect(createObjective('grpo').needs).toEqual(['logProb', 'oldLogProb']);
    expect(createObjective('grpo').differentiates).toEqual(['logProb']);
    const full = createObjective('grpo', { klCoef: 0.1, entropyCoef: 0.01, samplerCorrection: 'token-truncate' });
    expect(full.needs).toEqual(['logProb', 'oldLogProb', 'refLogProb', 'entropy', 'samplerLogProb']);
    expect(full.differentiates).toEqual(['logProb', 'entropy']);
  });

  test('names are those of the registry', () => {
    expect(objectiveNames).toEqual(expect.arrayContaining(['grpo', 'dr-grpo', 'dapo']));
    for (const name of objectiveNames) expect(createObjective(name).name).toBe(name);
  });
});

describe('on-policy step of the GRPO family, by hand', () => {
  const half = Math.SQRT1_2 / 1;
  test('GRPO: a rollout of length n gives -A / (rollouts n) to each of its tokens', () => {
    const objective = createObjective('grpo');
    const advantages = objective.advantages(batch);
    expect(advantages[1]).toBeCloseTo(half, 5);
    const { gradients, loss, metrics } = objective.loss(batch, advantages);
    const expected = [0, -1 / 3, -1 / 3, -1 / 3, 0, 1 / 2, 1 / 2, 0, 0, -1, 0, 0, 0, 1 / 3, 1 / 3, 1 / 3];
    Array.from(gradients.logProb!).forEach((value, i) => expect(value).toBeCloseTo((expected[i]! * half) / 4, 5));
    expect(loss).toBeCloseTo(0, 12);
    expect(metrics).toMatchObject({ clipFraction: 0, clipFractionLower: 0, ratioMean: 1 });
    expect(metrics['approxKl']).toBeCloseTo(0, 12);
  });

  test('Dr. GRPO: every token gives -A / (rollouts T)', () => {
    const objective = createObjective('dr-grpo', { lengthNorm: 10 });
    const { gradients } = objective.loss(batch, objective.advantages(batch));
    expect(gradients.logProb![1]).toBeCloseTo(-0.5 / 40, 12);
    expect(gradients.logProb![5]).toBeCloseTo(0.5 / 40, 12);
  });

  test('DAPO: every token gives -A / tokens; groups without signal are dropped', () => {
    const objective = createObjective('dapo');
    const { gradients } = objective.loss(batch, objective.advantages(batch));
    expect(gradients.logProb![1]).toBeCloseTo(-half / 9, 5);
    const flat = { ...batch, rewards: Float64Array.of(1, 1, 0, 1) };
    expect(Array.from(objective.keep!(flat))).toEqual([0, 0, 1, 1]);
    const punished = createObjective('dapo', { overlongMax: 3, overlongBuffer: 2 }).advantages(flat);
    expect(punished[1]).toBeLessThan(0);
    expect(punished[5]).toBeGreaterThan(0);
  });
});
