/**
 * Methods without published vectors, computed a second way: plain loops over one rollout after another, from the paper's
 * formula, with gradients from the same loops. Slow and obvious on purpose.
 */
import { describe, expect, test } from 'vitest';
import type { RolloutBatch } from '../objective.js';
import { createObjective } from '../registry.js';
import { sampleBatch } from '../testing/sample-batch.js';

const batch = sampleBatch({ seed: 21, groupSizes: [3, 4, 2], maxLength: 9, reward: (i) => [1, 0, 0.5][i % 3]! });
const pairs = { ...batch, group: batch.group.map((_, i) => i >> 1), rewards: batch.rewards.map((_, i) => i % 2) };

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Tokens of a rollout that carry loss. */
function tokensOf({ offsets, mask }: RolloutBatch, rollout: number): number[] {
  const all = Array.from({ length: offsets[rollout + 1]! - offsets[rollout]! }, (_, t) => offsets[rollout]! + t);
  return all.filter((token) => mask[token] === 1);
}

const rollouts = Array.from(batch.group, (_, i) => i);
const lengths = rollouts.map((i) => tokensOf(batch, i).length);
const nonEmpty = lengths.filter((length) => length > 0).length;
const total = lengths.reduce((a, b) => a + b, 0);

function expectEqual(name: string, given: RolloutBatch, advantageOf: (rollout: number) => number): void {
  const objective = createObjective(name);
  const advantages = objective.advantages(given);
  for (const i of rollouts) for (const t of tokensOf(given, i)) expect(advantages[t]).toBeCloseTo(advantageOf(i), 9);
}

/** Checks loss and gradient against per-token values and derivatives that are summed with a weight a rollout. */
function expectLoss(
  name: string,
  given: RolloutBatch,
  wanted: (rollout: number, token: number, advantage: number) => { loss: number; slope: number },
): void {
  const objective = createObjective(name);
  const advantages = objective.advantages(given);
  const { loss, gradients } = objective.loss(given, advantages);
  let sum = 0;
  for (const i of rollouts) {
    for (const t of tokensOf(given, i)) {
      const { loss: part, slope } = wanted(i, t, advantages[t]!);
      sum += part;
      expect(gradients.logProb![t]).toBeCloseTo(slope, 9);
    }
  }
  expect(loss).toBeCloseTo(sum, 9);
}

const logProb = batch.columns.logProb!;
const oldLogProb = batch.columns.oldLogProb!;
const refLogProb = batch.columns.refLogProb!;

describe('advantages', () => {
  test('ReMax: reward minus greedy reward', () => {
    expectEqual('remax', batch, (i) => batch.rewards[i]! - batch.rolloutColumns!.greedyReward![i]!);
  });

  test('OPO: reward minus the length-weighted group mean', () => {
    expectEqual('opo', batch, (i) => {
      const group = rollouts.filter((j) => batch.group[j] === batch.group[i]);
      const weight = group.reduce((sum, j) => sum + lengths[j]!, 0);
      return batch.rewards[i]! - group.reduce((sum, j) => sum + lengths[j]! * batch.rewards[j]!, 0) / weight;
    });
  });
});

describe('losses', () => {
  test('ReMax: the log-prob of the response times the advantage, mean over responses', () => {
    expectLoss('remax', batch, (_, t, a) => ({ loss: (-a * logProb[t]!) / nonEmpty, slope: -a / nonEmpty }));
  });

  test('OPO: the same by token', () => {
    expectLoss('opo', batch, (_, t, a) => ({ loss: (-a * logProb[t]!) / total, slope: -a / total }));
  });

  test('SFT: negative log-likelihood', () => {
    expectLoss('sft', batch, (_, t) => ({ loss: -logProb[t]! / total, slope: -1 / total }));
  });

  test('SAPO: a sigmoid gate whose sharpness depends on the sign of the advantage', () => {
    expectLoss('sapo', batch, (i, t, a) => {
      const tau = a > 0 ? 1 : 1.05;
      const ratio = Math.exp(logProb[t]! - oldLogProb[t]!);
      const gate = sigmoid(tau * (ratio - 1));
      const weight = 1 / (nonEmpty * lengths[i]!);
      return {
        loss: -a * gate * (4 / tau) * weight,
        slope: -a * 4 * gate * (1 - gate) * ratio * weight,
      };
    });
  });

  test('GMPO: the geometric mean of ratios clipped in log space on the side of the advantage', () => {
    expectLoss('gmpo', batch, (i, t, a) => {
      const logs = tokensOf(batch, i).map((token) => logProb[token]! - oldLogProb[token]!);
      const held = (x: number) => (a > 0 ? Math.min(x, 0.4) : a < 0 ? Math.max(x, -0.4) : x);
      const mean = Math.exp(logs.reduce((sum, x) => sum + held(x), 0) / logs.length);
      const own = logProb[t]! - oldLogProb[t]!;
      const free = held(own) === own ? 1 : 0;
      const weight = 1 / (nonEmpty * lengths[i]!);
      return { loss: -a * mean * weight, slope: -a * mean * free * weight };
    });
  });
});

describe('preference losses', () => {
  const score = (i: number) => tokensOf(pairs, i).reduce((sum, t) => sum + logProb[t]! - refLogProb[t]!, 0);
  const count = Math.floor(rollouts.length / 2);

  test('DPO: logistic loss of the margin, gradient beta sigmoid(-margin) on either side', () => {
    const objective = createObjective('dpo', { beta: 0.3 });
    const { loss, gradients, metrics } = objective.loss(pairs, objective.advantages(pairs));
    let [sum, right] = [0, 0];
    for (let pair = 0; pair < count; pair++) {
      const [worse, better] = [2 * pair, 2 * pair + 1];
      const margin = 0.3 * (score(better) - score(worse));
      sum -= Math.log(sigmoid(margin)) / count;
      right += margin > 0 ? 1 : 0;
      for (const t of tokensOf(pairs, better)) {
        expect(gradients.logProb![t]).toBeCloseTo((-0.3 * sigmoid(-margin)) / count, 9);
      }
      for (const t of tokensOf(pairs, worse)) {
        expect(gradients.logProb![t]).toBeCloseTo((0.3 * sigmoid(-margin)) / count, 9);
      }
    }
    expect(loss).toBeCloseTo(sum, 9);
    expect(metrics['pairAccuracy']).toBeCloseTo(right / count, 12);
  });

  test('Bradley-Terry: the same on the scalar head at the last token', () => {
    const objective = createObjective('bradley-terry');
    const { loss, gradients } = objective.loss(pairs, objective.advantages(pairs));
    const last = (i: number) => tokensOf(pairs, i).at(-1);
    const value = (i: number) => {
      const token = last(i);
      return token === undefined ? 0 : pairs.columns.values![token]!;
    };
    let sum = 0;
    for (let pair = 0; pair < count; pair++) {
      const margin = value(2 * pair + 1) - value(2 * pair);
      sum -= Math.log(sigmoid(margin)) / count;
      const token = last(2 * pair + 1);
      if (token !== undefined) expect(gradients.values![token]).toBeCloseTo(-sigmoid(-margin) / count, 9);
    }
    expect(loss).toBeCloseTo(sum, 9);
  });

  test('a tie, a lone response and a group of three are no pairs', () => {
    const objective = createObjective('dpo');
    const odd = {
      ...pairs,
      group: Int32Array.of(0, 0, 1, 2, 2, 2, 3, 3, 4),
      rewards: Float64Array.of(1, 1, 1, 0, 1, 1, 0, NaN, 0),
    };
    const { loss, gradients } = objective.loss(odd, objective.advantages(odd));
    expect(loss).toBeCloseTo(0, 15);
    expect(gradients.logProb!.every((value) => value === 0)).toBe(true);
  });
});
