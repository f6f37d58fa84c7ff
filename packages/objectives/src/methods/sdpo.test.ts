import { expect, test } from 'vitest';
import { createObjective } from '../registry.js';
import { checkGradients } from '../tape/gradient-check.js';
import { sampleBatch } from '../testing/sample-batch.js';
import { distillationTargets, towards } from './sdpo.js';

const careful = { successThreshold: 1, excludeSelf: true, includeFeedback: true, feedbackOnlyWithoutSolution: true };

function batchWith(teacherLogProb: (logProb: Float64Array) => Float64Array, scale = 1) {
  const batch = sampleBatch({ seed: 3, groupSizes: [3, 2], maxLength: 5, underMask: 0 });
  const logProb = batch.topK!.logProb.map((value) => value * scale);
  return { ...batch, topK: { ...batch.topK!, logProb, teacherLogProb: teacherLogProb(logProb) } };
}

test('a teacher that agrees leaves no loss and no gradient, whatever the divergence', () => {
  const batch = batchWith((logProb) => logProb, 2);
  for (const alpha of [0, 0.3, 0.5, 1]) {
    for (const tail of ['bucket', 'renormalise'] as const) {
      const { loss, gradients } = createObjective('sdpo', { alpha, tail }).loss(
        batch,
        new Float64Array(batch.mask.length),
      );
      expect(Math.abs(loss)).toBeLessThan(1e-12);
      expect(gradients.topK!.every((value) => Math.abs(value) < 1e-12)).toBe(true);
    }
  }
});

test('probabilities that vanish or that use up the whole sum stay finite', () => {
  const batch = batchWith((logProb) => logProb.map((_, i) => [-1e3, 0, -700][i % 3]!));
  const extreme = { ...batch, topK: { ...batch.topK, logProb: batch.topK.logProb.map((_, i) => (i % 3 ? -1e3 : 0)) } };
  for (const alpha of [0, 0.5, 1]) {
    for (const tail of ['bucket', 'renormalise', 'none'] as const) {
      const { loss, gradients } = createObjective('sdpo', { alpha, tail }).loss(
        extreme,
        new Float64Array(batch.mask.length),
      );
      expect(Number.isFinite(loss)).toBe(true);
      expect(gradients.topK!.every(Number.isFinite)).toBe(true);
    }
  }
});

test('in token mode the log-ratio and the importance weight are held constant', () => {
  const batch = sampleBatch({ seed: 3, groupSizes: [3], maxLength: 6, underMask: 0 });
  const objective = createObjective('sdpo', { mode: 'token', ratioBound: 1 });
  const moving = checkGradients(
    batch,
    ['logProb'],
    (tape) => objective.onTape(tape, new Float64Array(batch.mask.length)).loss,
    'moving',
  );
  expect(moving.error).toBeGreaterThan(1e-3);
});

test('rollouts without a target leave the step', () => {
  const batch = sampleBatch({ seed: 3, groupSizes: [3, 2], maxLength: 5 });
  expect(Array.from(createObjective('sdpo').keep!(batch))).toEqual(Array.from(batch.rolloutColumns!.teacherTarget!));
});

test('a lone success teaches its siblings and not itself; blank feedback is none', () => {
  const targets = distillationTargets([0, 1, 0], [7, 7, 8], ['wrong', '', ' \n'], careful);
  expect(targets).toEqual([
    { solution: 1, feedback: false },
    { solution: null, feedback: false },
    { solution: null, feedback: false },
  ]);
  const hidden = { ...careful, includeFeedback: false };
  expect(distillationTargets([0], [0], ['wrong'], hidden)).toEqual([{ solution: null, feedback: false }]);
});

test('rate 0 freezes the teacher and 1 copies the policy', () => {
  const [from, to] = [Float64Array.of(1, -2), Float64Array.of(0.1, 0.3)];
  expect(towards(from, to, 0)).toEqual(from);
  expect(towards(from, to, 1)).toEqual(to);
});
