import { describe, expect, test } from 'vitest';
import type { RolloutBatch } from '../objective.js';
import { createObjective } from '../registry.js';
import { sampleBatch } from '../testing/sample-batch.js';
import { batchOf } from '../vectors/padded.js';
import { selfCertainty } from './ucas.js';

const sample = sampleBatch({ seed: 5, groupSizes: [5, 4, 3], maxLength: 12 });

function groupAdvantages(batch: RolloutBatch): Float64Array {
  return createObjective('grpo').advantages(batch);
}

describe('UCAS', () => {
  test('no token of a good response is turned, and penalties are at most tokenCoef', () => {
    const [plain, shaped] = [groupAdvantages(sample), createObjective('ucas').advantages(sample)];
    const stageOne = createObjective('ucas', { tokenCoef: 0 }).advantages(sample);
    shaped.forEach((value, i) => {
      if (plain[i]! > 0) expect(value).toBeGreaterThanOrEqual(0);
      expect(stageOne[i]! - value).toBeGreaterThanOrEqual(-1e-12);
      expect(stageOne[i]! - value).toBeLessThanOrEqual(0.05 + 1e-12);
    });
  });

  test('logits are asked for only where they cost something', () => {
    expect(createObjective('ucas').needs).toContain('oldLogit');
    expect(createObjective('ucas', { tokenCoef: 0 }).needs).toEqual(['logProb', 'oldLogProb', 'meanLogProb']);
  });

  test('confidence damps right answers and deepens wrong ones', () => {
    const mask = [[1], [1], [1], [1]];
    const columns = { meanLogProb: [[-3], [-9], [-3], [-9]] };
    const batch = batchOf(mask, columns, { rewards: [1, 1, 0, 0], groups: [0, 0, 0, 0] });
    const [unsure, sure, wrongUnsure, wrongSure] = createObjective('ucas', { tokenCoef: 0 }).advantages(batch);
    expect(unsure).toBeGreaterThan(sure!);
    expect(sure).toBeGreaterThan(0);
    expect(wrongSure).toBeLessThan(wrongUnsure!);
    expect(wrongUnsure).toBeLessThan(0);
  });

  test('with sums the longer of equally certain answers counts as the surer one, with means it does not', () => {
    const columns = {
      meanLogProb: [
        [-4, -4, -4],
        [-4, 0, 0],
        [-4, -4, 0],
      ],
    };
    const mask = [
      [1, 1, 1],
      [1, 0, 0],
      [1, 1, 0],
    ];
    const batch = batchOf(mask, columns, { rewards: [1, 1, 0], groups: [0, 0, 0] });
    const first = (confidence: string) => createObjective('ucas', { tokenCoef: 0, confidence }).advantages(batch);
    expect(first('sum')[0]).toBeLessThan(first('sum')[3]!);
    expect(first('mean')[0]).toBeCloseTo(first('mean')[3]!, 12);
  });

  test('a group of one keeps its reward however long it is', () => {
    const length = 3000;
    const batch = batchOf([new Array<number>(length).fill(1)], { meanLogProb: [new Array<number>(length).fill(-11)] });
    const wrong = { ...batch, rewards: Float64Array.of(-1) };
    expect(createObjective('ucas', { tokenCoef: 0 }).advantages(wrong)[0]).toBeCloseTo(-1, 5);
  });

  test('a group without signal gets the penalty alone', () => {
    const flat = { ...sample, rewards: new Float64Array(sample.group.length).fill(1) };
    const advantages = createObjective('ucas').advantages(flat);
    expect(Math.min(...advantages)).toBeCloseTo(-0.05, 6);
    expect(Math.max(...advantages)).toBeCloseTo(0, 12);
  });

  test('self-certainty is minus the mean log-prob, and does not see a shift of the logits', () => {
    const logits = [1, -2, 0.5, 3];
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    const mean = logits.reduce((sum, logit) => sum + logit - total, 0) / logits.length;
    expect(selfCertainty(logits).certainty).toBeCloseTo(-mean, 12);
    expect(selfCertainty(logits.map((logit) => logit + 700)).certainty).toBeCloseTo(-mean, 10);
    expect(selfCertainty([2, 2, 2]).klUniform).toBeCloseTo(0, 14);
  });
});
