import { describe, expect, test } from 'vitest';
import { createObjective } from '../registry.js';
import { batchOf } from '../vectors/padded.js';
import { rehearsalDivergences, splitByAttempts } from './dph-rl.js';

const mask = [
  [1, 1, 1],
  [1, 1, 0],
  [1, 1, 0],
];
const logProb = [
  [-0.4, -1.1, -0.2],
  [-0.7, -0.9, 0],
  [-12, -0.3, 0],
];
const old = [
  [-0.5, -1, -0.2],
  [-0.7, -1.4, 0],
  [-12, -0.3, 0],
];
const initial = [
  [-0.6, -0.8, -0.3],
  [-0.5, -1.2, 0],
  [-0.1, -0.3, 0],
];
const none = mask.map((row) => row.map(() => 0));
const storedThird = mask.map((row, i) => row.map(() => (i === 2 ? 1 : 0)));

function batch(external: number[][]) {
  const columns = { logProb, oldLogProb: old, refLogProb: initial, external };
  return batchOf(mask, columns, { rewards: [1, 0, 0], groups: ['a', 'a', 'stored'] });
}

describe('DPH-RL', () => {
  test('without stored responses it is the loss of DAPO with c = 3', () => {
    const [own, dapo] = [createObjective('dph-rl'), createObjective('dapo', { dualClip: 3 })];
    const given = batch(none);
    const advantages = own.advantages(given);
    expect(advantages).toEqual(dapo.advantages(given));
    expect(own.loss(given, advantages).loss).toBeCloseTo(dapo.loss(given, advantages).loss, 14);
    expect(own.loss(given, advantages).gradients.logProb).toEqual(dapo.loss(given, advantages).gradients.logProb);
  });

  test('stored responses have no advantage and stay out of the statistics of their group', () => {
    const given = { ...batch(storedThird), group: Int32Array.of(0, 0, 0), rewards: Float64Array.of(1, 0, 100) };
    const advantages = createObjective('dph-rl').advantages(given);
    expect(advantages[0]).toBeCloseTo(Math.SQRT1_2, 5);
    expect(advantages.slice(6)).toEqual(new Float64Array(3));
  });

  test.each(rehearsalDivergences)('%s: no value and no pull where the policies agree', (divergence) => {
    const same = { ...batch(storedThird), rewards: new Float64Array(3) };
    const columns = { ...same.columns, logProb: same.columns.refLogProb!, oldLogProb: same.columns.refLogProb! };
    const objective = createObjective('dph-rl', { divergence, divergenceCoef: 1 });
    const { loss, gradients } = objective.loss({ ...same, columns }, new Float64Array(9));
    expect(loss).toBeCloseTo(0, 12);
    gradients.logProb!.forEach((value) => expect(value).toBeCloseTo(0, 12));
  });

  test('a forgotten token is pulled back by the mixture-free forward divergence only, until that saturates', () => {
    const pull = (divergence: string, forgotten: number) => {
      const moved = batch(storedThird);
      moved.columns.logProb![6] = forgotten;
      const objective = createObjective('dph-rl', { divergence, divergenceCoef: 1 });
      return objective.loss(moved, new Float64Array(9)).gradients.logProb![6]!;
    };
    // A third of the rollouts is stored, two tokens of them: -1 / 2 / 3.
    expect(pull('forward', -9)).toBeCloseTo(-1 / 6, 3);
    expect(pull('forward', -12)).toBe(0);
    expect(Math.abs(pull('js-generator', -9))).toBeLessThan(1e-3);
  });

  test('a prompt is solved when enough of the first attempts are right', () => {
    const outcomes = [[true, true, false], [true, true, true], []];
    expect(splitByAttempts(outcomes, { attempts: 2, minCorrect: 2 })).toEqual(['perfect', 'perfect', 'explore']);
    expect(splitByAttempts(outcomes, { attempts: 3, minCorrect: 3 })).toEqual(['explore', 'perfect', 'explore']);
    expect(splitByAttempts([new Array<boolean>(7).fill(true)])).toEqual(['explore']);
  });
});
