import { expect, it } from 'vitest';
import { tinyModel } from '../testing/tiny-model.js';
import { adamwStep, beginStep } from './adamw.js';
import { HalfStep } from './half-step.js';
import { createModelState, createTraining, sharedFloats, trainingState } from './model-state.js';

const OPTIONS = { learningRate: 0.01, valueHeadLearningRate: 0.1, weightDecay: 0.1, maxGradNorm: 0.5 };

/** Two copies of a model whose steps are taken together, and one that stands alone. */
function models() {
  const { config, weights } = tinyModel('llama', true, true);
  const copy = () => createModelState(config, { layout: weights.layout, data: weights.data.slice() }, false);
  const [first, second, alone] = [copy(), copy(), copy()];
  second.training = createTraining(second, trainingState(first));
  const exchange = sharedFloats(weights.layout.length);
  const halves = [new HalfStep(first, 'first', exchange), new HalfStep(second, 'second', exchange)] as const;
  return { first, second, alone, halves };
}

function stepTogether({ first, halves }: ReturnType<typeof models>) {
  halves.forEach((half) => half.offerGradient());
  const squares = halves.map((half) => half.addGradient());
  const begun = beginStep(first, OPTIONS, squares[0]! + squares[1]!);
  halves.forEach((half) => half.update(begun.rates));
  if (begun.rates) halves.forEach((half) => half.takeWeights());
  return begun;
}

it('two halves make the step that one makes of the sum of their gradients', () => {
  const { first, second, alone, halves } = models();
  for (let step = 1; step <= 3; step++) {
    const [one, other, sum] = [first, second, alone].map((model) => trainingState(model).gradient);
    for (let i = 0; i < sum!.length; i++) {
      one![i] = Math.sin(step * i);
      other![i] = Math.cos(3 * i);
      sum![i] = one![i]! + other![i]!;
    }
    const expected = adamwStep(alone, OPTIONS);
    const { gradNorm, step: counted } = stepTogether({ first, second, alone, halves });
    expect(gradNorm).toBeCloseTo(expected.gradNorm, 10);
    expect(counted).toBe(step);
    for (const model of [first, second]) {
      model.weights.data.forEach((weight, i) => expect(weight).toBeCloseTo(alone.weights.data[i]!, 6));
      expect(trainingState(model).gradient.every((g) => g === 0)).toBe(true);
    }
    expect(second.weights.data).toEqual(first.weights.data);
  }
  const [ours, theirs] = [trainingState(first), trainingState(alone)];
  ours.secondMoment.forEach((v, i) => expect(v).toBeCloseTo(theirs.secondMoment[i]!, 8));
});

it('a gradient that is not finite in either half moves nothing and is cleared', () => {
  const together = models();
  const { first, second } = together;
  const before = first.weights.data.slice();
  const { gradient } = trainingState(second);
  gradient.fill(1);
  gradient[gradient.length - 1] = Infinity;
  const { gradNorm, rates, step } = stepTogether(together);
  expect([gradNorm, rates, step]).toEqual([Infinity, null, 0]);
  for (const model of [first, second]) {
    expect(model.weights.data).toEqual(before);
    expect(model.version).toBe(0);
    expect(trainingState(model).gradient.every((g) => g === 0)).toBe(true);
  }
});
