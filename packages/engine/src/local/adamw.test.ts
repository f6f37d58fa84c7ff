import { describe, expect, it } from 'vitest';
import { isOfValueHead } from '../model/layout.js';
import { tinyModel } from '../testing/tiny-model.js';
import { adamwStep } from './adamw.js';
import { createModelState, trainingState } from './model-state.js';

function model() {
  const { config, weights } = tinyModel('llama', true);
  return createModelState(config, weights, false);
}

describe('adamwStep', () => {
  it('follows the published update; norms do not decay', () => {
    const state = model();
    const before = state.weights.data.slice();
    const training = trainingState(state);
    const options = { learningRate: 0.01, weightDecay: 0.1, beta1: 0.8, beta2: 0.9, eps: 1e-6 };
    let [m, v] = [0, 0];
    let expected = before[0]!;
    for (let step = 1; step <= 3; step++) {
      training.gradient.fill(0.5 * step);
      const stats = adamwStep(state, options);
      expect(stats.step).toBe(step);
      expect(stats.gradNorm).toBeCloseTo(0.5 * step * Math.sqrt(before.length), 3);
      m = 0.8 * m + 0.2 * 0.5 * step;
      v = 0.9 * v + 0.1 * (0.5 * step) ** 2;
      const update = m / (1 - 0.8 ** step) / (Math.sqrt(v / (1 - 0.9 ** step)) + 1e-6);
      expected = expected * (1 - 0.01 * 0.1) - 0.01 * update;
    }
    expect(state.weights.data[0]).toBeCloseTo(expected, 6);
    const { offset } = state.weights.layout.slices.get('model.norm.weight')!;
    const decayless = before[offset]! - (before[0]! * (1 - 0.001) ** 3 - expected);
    expect(state.weights.data[offset]).toBeCloseTo(decayless, 4);
    expect(training.gradient.every((g) => g === 0)).toBe(true);
  });

  it('scales the gradient down to the global norm', () => {
    const [clipped, plain] = [model(), model()];
    trainingState(clipped).gradient.fill(3);
    const norm = 3 * Math.sqrt(clipped.weights.data.length);
    trainingState(plain).gradient.fill(3 / (norm + 1e-6));
    adamwStep(clipped, { learningRate: 0.1, maxGradNorm: 1 });
    adamwStep(plain, { learningRate: 0.1 });
    clipped.weights.data.forEach((w, i) => expect(w).toBeCloseTo(plain.weights.data[i]!, 5));
  });

  it('moves and decays the value head by its own rate, and all else as without it', () => {
    const { config, weights } = tinyModel('llama', true, true);
    const stepped = (learningRate: number, valueHeadLearningRate?: number) => {
      const state = createModelState(config, { layout: weights.layout, data: weights.data.slice() }, false);
      for (let step = 1; step <= 3; step++) {
        trainingState(state).gradient.forEach((_, i, gradient) => (gradient[i] = Math.sin(step + i)));
        const head = valueHeadLearningRate === undefined ? {} : { valueHeadLearningRate };
        adamwStep(state, { learningRate, ...head, weightDecay: 0.5, maxGradNorm: 1 });
      }
      return state.weights.data;
    };
    const [slow, fast, both] = [stepped(0.01), stepped(0.1), stepped(0.01, 0.1)];
    for (const [name, { offset, length }] of weights.layout.slices) {
      const view = (data: Float32Array) => data.subarray(offset, offset + length);
      expect(view(both)).toEqual(view(isOfValueHead(name) ? fast : slow));
      expect(view(fast)).not.toEqual(view(slow));
    }
  });

  it('applies nothing when the gradient is not finite', () => {
    const state = model();
    const before = state.weights.data.slice();
    trainingState(state).gradient[5] = NaN;
    expect(adamwStep(state, { learningRate: 0.1 }).gradNorm).toBeNaN();
    expect(state.weights.data).toEqual(before);
    expect(trainingState(state).step).toBe(0);
  });
});
