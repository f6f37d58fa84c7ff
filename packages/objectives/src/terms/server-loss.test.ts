import { describe, expect, test } from 'vitest';
import type { RolloutBatch, ServerLoss } from '../objective.js';
import { createObjective, methods, objectiveNames } from '../registry.js';
import { sampleBatch } from '../testing/sample-batch.js';

const withServerLoss = objectiveNames.flatMap((name) => {
  const { settings } = methods[name];
  const known = (given: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(given).filter(([setting]) => Object.hasOwn(settings, setting)));
  const aggregated = ['token-mean', 'seq-mean-token-mean', 'seq-mean-token-sum', 'constant'].map((aggregation) =>
    known({ dualClip: null, aggregation, lengthNorm: 7 }),
  );
  const wide = known({ dualClip: null, clipLow: 1, clipHigh: 1e9 });
  return [...aggregated, wide].flatMap((given) => {
    const objective = createObjective(name, given);
    return objective.serverLoss === undefined ? [] : [{ name, given, objective, loss: objective.serverLoss }];
  });
});

/** The derivative of a server's loss by each log-prob, written from the servers' own source. */
function serverGradient({ name, low, high, scale }: ServerLoss, batch: RolloutBatch, advantages: Float64Array) {
  const weights = scale(batch);
  const { logProb, oldLogProb } = batch.columns;
  return advantages.map((advantage, t) => {
    if (batch.mask[t] === 0) return 0;
    const a = advantage * weights[t]!;
    const ratio = Math.exp(logProb![t]! - oldLogProb![t]!);
    if (name === 'importance_sampling') return -ratio * a;
    const bounded = Math.min(Math.max(ratio, low), high);
    if (name === 'cispo') return -bounded * a;
    return ratio * a <= bounded * a ? -ratio * a : 0;
  });
}

describe('a loss that a server has has the gradient of ours', () => {
  test.each(withServerLoss)('$name $given', ({ objective, loss }) => {
    const batch = sampleBatch({ seed: 5, groupSizes: [4, 3, 5, 2], maxLength: 9, drift: 0.9 });
    const whole = { ...batch, columns: { ...batch.columns, ...objective.derive?.(batch) } };
    const advantages = Float64Array.from(batch.mask, (_, t) => Math.sin(3 * t));
    const ours = objective.loss(whole, advantages).gradients.logProb!;
    const theirs = serverGradient(loss, whole, advantages);
    expect(ours.some((value) => value !== 0)).toBe(true);
    for (const [t, value] of ours.entries()) expect(theirs[t]).toBeCloseTo(value, 12);
  });
});

test('the losses that servers have are all met', () => {
  expect(new Set(withServerLoss.map(({ loss }) => loss.name))).toEqual(
    new Set(['importance_sampling', 'ppo', 'cispo']),
  );
});

test.each([
  ['grpo', {}],
  ['grpo', { dualClip: null, ratioCap: 2 }],
  ['dr-grpo', { klCoef: 0.1 }],
  ['dr-grpo', { entropyCoef: 0.1 }],
  ['dr-grpo', { samplerCorrection: 'token-truncate' }],
  ['cispo', { klCoef: 0.1 }],
  ['rloo', { klCoef: 0.1 }],
  ['gspo', {}],
  ['sapo', {}],
  ['clip-cov', {}],
  ['high-entropy', { dualClip: null }],
] as const)('%s %j is none of them', (name, settings) => {
  expect(createObjective(name, settings).serverLoss).toBeUndefined();
});

test('bounds travel as they are', () => {
  expect(createObjective('dr-grpo', { clipLow: 0.1, clipHigh: 0.3 }).serverLoss).toMatchObject({
    name: 'ppo',
    low: 0.9,
    high: 1.3,
  });
  expect(createObjective('rloo').serverLoss).toMatchObject({ name: 'cispo', low: 1, high: 1 });
});
