import fc from 'fast-check';
import { expect, test } from 'vitest';
import { auditAdvantages } from '../metrics/advantage-audit.js';
import { uniform } from '../testing/sample-batch.js';
import { groupAdvantage } from './group.js';
import { backwardReward, channelAdvantage, falseNegativeRate, forwardWeight } from './reward-channel.js';

const rate = fc.double({ min: 0, max: 0.49, noNaN: true });

test('given the truth, the backward reward is right on average and the forward weight pushes wrong answers only', () => {
  fc.assert(
    fc.property(rate, rate, (rho0, rho1) => {
      for (const truth of [0, 1]) {
        const accepted = truth === 1 ? 1 - rho1 : rho0;
        const mean = (f: (observed: number) => number) => accepted * f(1) + (1 - accepted) * f(0);
        expect(mean((r) => backwardReward(r, { rho0, rho1 }))).toBeCloseTo(truth, 9);
        expect(mean((r) => forwardWeight(r, rho1))).toBeCloseTo(truth === 1 ? 0 : rho0 + rho1 - 1, 9);
      }
    }),
  );
});

test('standardising inside the group undoes both corrections; without it they change the advantages', () => {
  const observed = Float64Array.of(1, 0, 0, 1, 0, 1, 1, 1);
  const group = Int32Array.of(0, 0, 0, 0, 0, 1, 1, 1);
  const channel = { rho0: 0.2, rho1: 0.4 };
  const standard = (rewards: Float64Array) =>
    groupAdvantage(rewards, group, { advantageScale: 'group', advantageEpsilon: 0 }).map((a) => a || 0);
  const backward = standard(observed.map((r) => backwardReward(r, channel)));
  const forward = standard(observed.map((r) => forwardWeight(r, channel.rho1)));
  for (const corrected of [backward, forward]) {
    expect(auditAdvantages(standard(observed), corrected).largestDifference).toBeLessThan(1e-12);
  }
  const options = { ...channel, scale: 1, baseline: 'leave-one-out' } as const;
  const plain = channelAdvantage(observed, group, { ...options, mode: 'noise' });
  const pgbc = channelAdvantage(observed, group, { ...options, mode: 'pgbc' });
  pgbc.forEach((value, i) => expect(value).toBeCloseTo(plain[i]! / 0.4, 12));
  const { meanDifference, cosine } = auditAdvantages(plain, pgbc);
  expect(meanDifference).toBeGreaterThan(0.1);
  expect(cosine).toBeCloseTo(1, 12);
});

test('rejected as a whole: nothing to learn backward, a push down forward; unscored answers get nothing', () => {
  const observed = Float64Array.of(0, 0, NaN);
  const options = { rho0: 0.1, rho1: 0.2, scale: 0.5 };
  const advantage = (mode: 'pgbc' | 'pgfc', baseline: 'leave-one-out' | 'none') =>
    Array.from(channelAdvantage(observed, new Int32Array(3), { ...options, mode, baseline }), (value) => value || 0);
  expect(advantage('pgbc', 'leave-one-out')).toEqual([0, 0, 0]);
  expect(advantage('pgfc', 'none')).toEqual([-1.6, -1.6, 0]);
});

test('a verifier no better than a coin is held at the smallest divisor', () => {
  expect(backwardReward(1, { rho0: 0.6, rho1: 0.7 }, 0.5)).toBeCloseTo(0.8, 12);
});

test('the estimate of rho1 from a tenth of the rejections comes to the injected rate', () => {
  const draw = uniform(23);
  const [rho1, q] = [0.25, 0.1];
  let [estimate, average, updates] = [0, 0, 0];
  for (let update = 0; update < 400; update++) {
    let [flipped, rulePositive] = [0, 0];
    for (let i = 0; i < 600; i++) {
      const right = draw() < 0.5;
      const accepted = right && draw() >= rho1;
      if (accepted) rulePositive += 1;
      else if (draw() < q && right) flipped += 1;
    }
    estimate = falseNegativeRate(estimate, { flipped, rulePositive, q }).rate;
    if (update >= 100) {
      average += estimate;
      updates += 1;
    }
  }
  expect(average / updates).toBeGreaterThan(rho1 - 0.02);
  expect(average / updates).toBeLessThan(rho1 + 0.02);
});

test('no appeals and no positives give the prior, not a division by zero', () => {
  expect(falseNegativeRate(0, { flipped: 0, rulePositive: 0, q: 0.1 }).raw).toBeCloseTo(0.5, 12);
});
