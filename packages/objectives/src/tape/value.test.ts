import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchOf } from '../vectors/padded.js';
import { Axis } from './axis.js';
import { topKDivergence } from '../terms/self-distillation.js';
import { checkGradients } from './gradient-check.js';
import { Tape } from './tape.js';
import type { Value } from './value.js';

/** Two groups of two rollouts, one of them empty, with a masked token in the middle. */
const mask = [
  [1, 0, 1],
  [1, 1, 1],
  [0, 0, 0],
  [1, 0, 0],
];

function batchWith(values: readonly number[]) {
  const at = (i: number) => values[i % values.length]!;
  const matrix = mask.map((row, i) => row.map((_, j) => at(3 * i + j)));
  const other = mask.map((row, i) => row.map((_, j) => at(5 * i + 2 * j + 1) - 0.3));
  return batchOf(mask, { logProb: matrix, entropy: other }, { groups: ['a', 'a', 'b', 'b'] });
}

const leaf = fc.double({ min: -2, max: 2, noNaN: true }).filter((x) => Math.abs(x) > 0.05);
const columns = fc.array(leaf, { minLength: 12, maxLength: 12 });

/** Every operation, away from its kinks by the shift of a quarter. */
const operations: Readonly<Record<string, (x: Value, y: Value, tape: Tape) => Value>> = {
  affine: (x) => x.affine(-1.5, 2),
  neg: (x) => x.neg(),
  add: (x, y) => x.add(y).add(x),
  sub: (x, y) => x.sub(y).sub(0.5),
  mul: (x, y) => x.mul(y),
  div: (x, y) => x.div(y.square().add(1)).div(3),
  square: (x) => x.square(),
  pow: (x) => x.square().add(0.5).pow(-1.5),
  reciprocal: (x) => x.square().add(1).reciprocal(),
  exp: (x) => x.exp(),
  log: (x) => x.square().add(0.5).log(),
  abs: (x) => x.abs(),
  sigmoid: (x) => x.mul(3).sigmoid(),
  logSigmoid: (x) => x.mul(3).logSigmoid(),
  clip: (x) => x.add(1.1e-3).clip(-0.9, 0.8),
  min: (x, y) => x.min(y.mul(1.01)).min(1.234567),
  max: (x, y) => x.max(y.mul(1.01)).max(-1.234567),
  where: (x, y) =>
    x.where(
      Uint8Array.from(x.data, (_, i) => i % 2),
      y,
    ),
  'where by group': (x, y, tape) => x.where(tape.constant(tape.group, Float64Array.of(1, 0)), y.mul(2)),
  'sum by rollout': (x, _, tape) => x.sum(tape.rollout).square(),
  'mean by group, spread back': (x, y, tape) => y.mul(x.mean(tape.group)),
  'scalar spread over tokens': (x, y, tape) => y.mul(x.sum(tape.batch)),
  'rollout with group': (x, y, tape) => x.sum(tape.rollout).mul(y.mean(tape.group)),
  gather: (x, _, tape) => x.gather(tape.rollout, tape.lastTokens).exp(),
  'own axis': (x, _, tape) => {
    const span = new Axis('span', 3).partOf(tape.rollout, Int32Array.of(0, 1, 1));
    tape.token.partOf(span, Int32Array.of(0, 0, 1, 2, 2, 2));
    return x.sub(x.mean(span)).square().sum(span).mul(x.sum(tape.rollout));
  },
};

describe('the derivative of every operation is that of finite differences', () => {
  test.each(Object.entries(operations))('%s', (_, operation) => {
    fc.assert(
      fc.property(columns, (values) => {
        const { error, at } = checkGradients(batchWith(values), ['logProb', 'entropy'], (tape) => {
          const y = tape.input('entropy');
          return operation(tape.input('logProb'), y, tape).mul(0.7).add(y.mean(tape.batch)).sum(tape.batch);
        });
        // Steps across a kink are the only reason to disagree; draws that close to one are not judged.
        fc.pre(!(error > 1e-5) || !nearKink(values));
        expect(error, at).toBeLessThan(1e-5);
      }),
      { numRuns: 20 },
    );
  });
});

function nearKink(values: readonly number[]): boolean {
  const kinks = [0, 0.8, -0.9, 1.234567, -1.234567];
  const points = values.flatMap((x) => [x, x - 0.3, 1.01 * (x - 0.3), x + 1.1e-3]);
  const near = (a: number, b: number) => Math.abs(a - b) < 1e-4;
  return points.some((x, i) => kinks.some((kink) => near(x, kink)) || points.some((y, j) => i !== j && near(x, y)));
}

describe('the tape', () => {
  const values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2];

  test('holds the tokens under the mask only, and scatters gradients back with zeros', () => {
    const tape = new Tape(batchWith(values));
    const x = tape.input('logProb');
    expect(Array.from(x.data)).toEqual([0.1, 0.3, 0.4, 0.5, 0.6, 1]);
    expect(Array.from(tape.gradients(x.square().sum(tape.batch)).logProb!)).toEqual(
      [0.1, 0, 0.3, 0.4, 0.5, 0.6, 0, 0, 0, 1, 0, 0].map((value) => 2 * value),
    );
  });

  test('an empty rollout sums and averages to 0', () => {
    const tape = new Tape(batchWith(values));
    const x = tape.input('logProb');
    expect(x.sum(tape.rollout).data[2]).toBe(0);
    expect(x.mean(tape.rollout).data[2]).toBe(0);
    expect(Array.from(tape.lastTokens)).toEqual([1, 4, -1, 5]);
  });

  test('detached values and constants have no gradient', () => {
    const tape = new Tape(batchWith(values));
    const x = tape.input('logProb');
    const { logProb } = tape.gradients(x.detach().mul(x).sum(tape.batch));
    expect(Array.from(logProb!).filter((value) => value !== 0)).toEqual(Array.from(x.data));
    expect(x.detach().differentiable).toBe(false);
  });

  test('top-k candidates are differentiated row by row, in as many terms as read them', () => {
    const logProb = Float64Array.from({ length: 24 }, (_, i) => -1 - i / 10);
    const teacher = Float64Array.from({ length: 24 }, (_, i) => -1 - ((i * 7) % 11) / 5);
    const batch = { ...batchWith(values), topK: { width: 2, ids: new Int32Array(24), logProb } };
    const check = checkGradients(batch, ['topK'], (tape) => {
      const one = topKDivergence(tape, teacher, 0.3, 'bucket');
      const other = topKDivergence(tape, teacher, 1, 'renormalise');
      return one.add(other.mul(2)).square().sum(tape.batch);
    });
    expect(check.error, check.at).toBeLessThan(1e-6);
  });

  test('a loss that is not a scalar, a missing column and unrelated axes are refused with what to do', () => {
    const tape = new Tape(batchWith(values));
    expect(() => tape.gradients(tape.input('logProb'))).toThrow(
      /must be a scalar, got one value a token; aggregate it/,
    );
    expect(() => tape.column('refLogProb')).toThrow(/refLogProb is missing .* needs/);
    expect(() => tape.input('logProb').sum(new Axis('span', 2))).toThrow(/token does not lie in axis span/);
    expect(() => tape.constant(tape.group, new Float64Array(3))).toThrow(/axis group has 2 entries, got 3/);
    expect(() => tape.wholeTopK()).toThrow(/topK is missing/);
  });
});
