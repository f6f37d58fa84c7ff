import { describe, expect, test } from 'vitest';
import { flowSdeLoss, flowSdeStep, type FlowStep } from './flow-sde.js';

const step: FlowStep = { x: [0.4, -0.9, 1.3], t: 0.7, tNext: 0.55, noise: [0.3, -1.1, 0.6], a: 0.7 };
const oldVelocity = [0.2, -0.5, 0.9];
const newVelocity = [0.35, -0.2, 0.7];
const range = { clipLow: 0.2, clipHigh: 0.2 };

describe('flowSdeStep', () => {
  test('without noise to speak of it is a step of Euler along the velocity', () => {
    const { mean, std } = flowSdeStep({ ...step, a: 1e-6 }, oldVelocity);
    mean.forEach((mu, i) => expect(mu).toBeCloseTo(step.x[i]! - 0.15 * oldVelocity[i]!, 9));
    expect(std).toBeLessThan(1e-5);
  });

  test('leaves the marginals of the flow as they are, whatever the level of noise', () => {
    // Data and noise are standard normal: x_t has variance s(t), and v(x, t) = E[e - x_0 | x_t] is linear in x.
    const spread = (t: number) => (1 - t) ** 2 + t ** 2;
    const dt = 1e-6;
    for (const t of [0.15, 0.5, 0.9]) {
      const variance = spread(t);
      const velocity = (2 * t - 1) / variance;
      for (const a of [0.2, 0.7, 1.5]) {
        const next = { x: [1], t, tNext: t - dt, noise: [0], a };
        const { mean, std } = flowSdeStep(next, [velocity]);
        const change = (mean[0]! ** 2 * variance + std ** 2 - variance) / dt;
        expect(change, `t ${t}, a ${a}`).toBeCloseTo((spread(t - dt) - variance) / dt, 3);
      }
    }
  });

  test('at the start of time the noise is that of the next time', () => {
    const { std } = flowSdeStep({ ...step, t: 1, tNext: 0.8 }, oldVelocity);
    expect(std).toBeCloseTo(0.7 * Math.sqrt(0.8 / 0.2) * Math.sqrt(0.2), 12);
  });

  test('refuses times that do not run down to 0, one step of noise over everything, and other dimensions', () => {
    for (const wrong of [{ t: 0.5, tNext: 0.5 }, { t: 1.1 }, { tNext: -0.1 }, { t: 1, tNext: 0 }, { a: 0 }]) {
      expect(() => flowSdeStep({ ...step, ...wrong }, oldVelocity)).toThrow(/0 <= tNext < t <= 1/);
    }
    expect(() => flowSdeStep(step, [1])).toThrow(/same dimensions, at least one, got 3, 1 and 3/);
  });
});

describe('flowSdeLoss', () => {
  test('has the gradient of finite differences, for advantages of both signs', () => {
    for (const advantage of [1.3, -0.8]) {
      const { velocityGradient } = flowSdeLoss(step, oldVelocity, newVelocity, advantage, range);
      velocityGradient.forEach((slope, i) => {
        const lossAt = (shift: number) => {
          const moved = newVelocity.map((v, j) => (j === i ? v + shift : v));
          return flowSdeLoss(step, oldVelocity, moved, advantage, range).loss;
        };
        expect(slope).toBeCloseTo((lossAt(1e-5) - lossAt(-1e-5)) / 2e-5, 7);
        expect(Math.abs(slope)).toBeGreaterThan(1e-3);
      });
    }
  });

  test('the same policy has ratio 1 and the loss -A', () => {
    expect(flowSdeLoss(step, oldVelocity, oldVelocity, 0.7, range)).toMatchObject({ ratio: 1, loss: -0.7 });
  });

  test('has no gradient where the clip binds, and one where it does not', () => {
    const far = oldVelocity.map((v, i) => v - 2 * step.noise[i]!);
    const bound = flowSdeLoss(step, oldVelocity, far, 1, range);
    expect(bound.ratio).toBeGreaterThan(1.2);
    expect(bound.velocityGradient.every((slope) => slope === 0)).toBe(true);
    expect(bound.loss).toBeCloseTo(-1.2, 12);
    const free = flowSdeLoss(step, oldVelocity, far, -1, range);
    expect(free.velocityGradient.some((slope) => slope !== 0)).toBe(true);
  });

  test('without advantage there is no gradient', () => {
    const { velocityGradient } = flowSdeLoss(step, oldVelocity, newVelocity, 0, range);
    expect(velocityGradient.every((slope) => slope === 0)).toBe(true);
  });
});
