import { expect, test } from 'vitest';
import { repeatedRunPenalty, tagReward } from '../shaping/answer-tags.js';
import { spreadStep, SPREAD_START } from '../filters/reward-spread.js';
import { filterFlowScores, normalizeFlowScores } from '../shaping/flow-score.js';
import { assessExploration } from '../shaping/rubric.js';
import { weightedVote } from '../shaping/majority-vote.js';
import { createObjective } from '../registry.js';
import { batchOf } from '../vectors/padded.js';
import { crossRewards } from './co-reward.js';
import { concisenessRewards, parseConciseness } from './crm-crf.js';
import { reflectiveRewards, reflectiveWeights } from './dro.js';
import { planAuxiliaryItems } from './spark.js';
import { extractProblem, scoreVariants } from './svs.js';
import { pairwiseOutcomes } from './writing-zero.js';

test('BRPO drops the group of an outlier reference, and outcomes stay as they are', () => {
  const votes = [[], [true], [true], [true], [false]];
  const options = { rule: 'majority', inconsistent: -1, skewLimit: 0.3 } as const;
  expect(pairwiseOutcomes(votes, 0, options)).toMatchObject({ skew: 0.4, isKept: false });
  const batch = batchOf([[1], [1], [1], [1]], {}, { rewards: [1, 1, 1, 0], groups: [0, 0, 0, 0] });
  const objective = createObjective('writing-zero');
  expect(Array.from(objective.keep!(batch))).toEqual([0, 0, 0, 0]);
  expect(Array.from(objective.advantages(batch))).toEqual([1, 1, 1, 0]);
});

test('a group without responses is refined from the question alone', () => {
  const found = assessExploration([], { weights: [1, 2], isFactual: [true, false] });
  expect(found).toEqual({ rewards: [], best: -1, failedCriteria: [0, 1], needsRefinement: true });
});

test('conciseness never pays a wrong answer and leaves unscored ones unscored', () => {
  const settings = { alpha: 0.5, s: 1, difficulty: 'rate' } as const;
  const outcomes = Float64Array.of(1, 0, NaN);
  const { rewards } = concisenessRewards(outcomes, Float64Array.of(1, 1, 1), new Int32Array(3), settings);
  expect(Array.from(rewards)).toEqual([1.75, 0, NaN]);
});

test('the last number of a scorer counts, and is not clamped', () => {
  expect(parseConciseness('step 2 repeats, 0.3-0.7')).toBe(0.7);
  expect(parseConciseness('Score: 1.0.')).toBe(1);
  expect(['Score: -0.5', '0.5 of 7', '0.05', ''].map(parseConciseness)).toEqual([null, null, null, null]);
});

test('equal flow scores give nothing, and the bilateral filter keeps both tails', () => {
  expect(Array.from(normalizeFlowScores(Float64Array.of(2, 2, 9), [1, 1, 0]))).toEqual([0, 0, 0]);
  const kept = filterFlowScores(Float64Array.of(0.9, -0.8, 0.7, -0.95, 0.1), {
    threshold: 0.5,
    topK: 2,
    bilateral: true,
  });
  expect(Array.from(kept)).toEqual([0.9, 0, 0, -0.95, 0]);
});

test('the flow term passes over environment tokens and acts in a group without signal', () => {
  const batch = batchOf([[1, 0, 1, 1]], { tokenRewards: [[1, 50, 3, 2]] }, { rewards: [0] });
  const advantages = createObjective('rlfr', { flowCoef: 0.1 }).advantages(batch);
  [-0.1, 0, -0.1, 0].forEach((value, i) => expect(advantages[i]).toBeCloseTo(value, 12));
});

test('missing answers neither vote nor shift weights; ties go to the first', () => {
  expect(weightedVote(['a', null, 'b'], [1, 5, 2]).label).toBe('b');
  expect(weightedVote(['b', 'a']).label).toBe('b');
  expect(weightedVote([null]).label).toBeNull();
  expect(crossRewards(['', null], ['7'])).toMatchObject({ original: [0, 0], rephrased: [0] });
});

test('an item without an answer to show is planned with an empty list, a repair without one not at all', () => {
  const [plan] = planAuxiliaryItems([{ rewards: [0, 0], isMissing: [true, true] }], [0.5]);
  expect(plan!.judging).toEqual({ kind: 'pointwise', verdict: 'incorrect', eligible: [] });
  expect(plan!.reflection).toEqual({ mode: 'trace', eligible: [0, 1] });
});

test('a problem statement is that behind the thinking, and no other variant stands in for it', () => {
  expect(extractProblem('<think>```text\nold\n```</think>```text\n new \n```')).toBe('new');
  expect(extractProblem('<think>```text\nold\n```</think>nothing')).toBeNull();
  expect(scoreVariants([null], 8)).toMatchObject({ keepsVariants: false, keepsSolutions: [false] });
});

test('tags and repetitions of hostile text', () => {
  expect(tagReward(' <think></think><answer></answer>', 'R1')).toBe(0);
  expect(tagReward('</answer><answer>', 'R1_nothink')).toBe(0);
  expect(repeatedRunPenalty('', 10, 10)).toBe(0);
  expect(repeatedRunPenalty('a_'.repeat(40), 3, 10)).toBe(-1);
});

test('spreads that are not numbers are dropped and do not enter the average', () => {
  let state = SPREAD_START;
  for (let step = 1; step <= 10; step++) state = spreadStep(state, [0.2, NaN]).state;
  const { average, keep } = spreadStep(state, [0.05, 0.1, NaN]);
  expect(average).toBeCloseTo(0.2, 12);
  expect(keep).toEqual([false, true, false]);
});

test('the masked reference shifts a whole group; a broken rollout gets the smallest reward', () => {
  const logProbs = [[-1, -2], [-3, -2], [NaN]];
  const { sigma, weights } = reflectiveWeights(logProbs);
  expect(sigma[0]).toBeCloseTo(1, 12);
  expect(weights).toEqual([1, 0]);
  const plain = reflectiveRewards(logProbs, weights);
  expect(plain).toEqual([-1, -3, -3]);
  expect(reflectiveRewards(logProbs, weights, [-4, -9])).toEqual(plain.map((value) => value + 4));
});
