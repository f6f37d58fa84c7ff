import { expect, test } from 'vitest';
import { exponentialUpdate } from '../metrics/entropy-change.js';
import { uniform } from '../testing/sample-batch.js';
import { entropyChange, changeWeights, type SteerSettings } from './steer.js';

const settings: SteerSettings = {
  mapping: 'linear',
  lambdaMin: 0.8,
  lambdaMax: 1.2,
  omegaFloor: 0.02,
  exponentP: 1,
  exponentRest: 1,
};

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const dot = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  return dot(a, ma, b, mb) / Math.sqrt(dot(a, ma, a, ma) * dot(b, mb, b, mb));
}

function ranks(values: readonly number[]): number[] {
  const order = Array.from(values.keys()).sort((i, j) => values[i]! - values[j]!);
  const out = new Array<number>(values.length).fill(0);
  order.forEach((i, rank) => (out[i] = rank));
  return out;
}

test('Omega ranks the real change of entropy after a small step on the logits, with the opposite sign', () => {
  const draw = uniform(17);
  const [omegas, changes]: [number[], number[]] = [[], []];
  for (let trial = 0; trial < 400; trial++) {
    const logits = Array.from({ length: 10 + Math.floor(40 * draw()) }, () => 3 * (draw() + draw() + draw() - 1.5));
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const p = logits.map((logit) => Math.exp(logit) / total);
    let [chosen, at] = [0, draw()];
    while (chosen + 1 < p.length && (at -= p[chosen]!) > 0) chosen += 1;
    const advantage = draw() < 0.5 ? 1 : -1;
    const own = Math.log(p[chosen]!);
    const entropy = -p.reduce((sum, value) => sum + value * Math.log(value), 0);
    const columns = {
      logProb: Float64Array.of(own),
      oldLogProb: Float64Array.of(own),
      oldEntropy: Float64Array.of(entropy),
      advantages: Float64Array.of(advantage),
    };
    omegas.push(entropyChange(columns, settings)[0]!);
    // Gradient of (A / p_old) p by the logits, p_old = p.
    const step = p.map((value, i) => advantage * ((i === chosen ? 1 : 0) - value));
    changes.push(exponentialUpdate(p, step, 1e-3).entropyChange);
  }
  expect(correlation(ranks(omegas), ranks(changes))).toBeLessThan(-0.75);
  expect(correlation(omegas, changes)).toBeLessThan(-0.5);
});

test('the largest change weighs lambdaMin and the smallest lambdaMax; equal changes weigh the midpoint', () => {
  const weights = changeWeights(Float64Array.of(0.1, -0.5, 0.3), settings);
  expect(weights[0]).toBeCloseTo(1.2, 14);
  expect(weights[1]).toBeCloseTo(0.8, 14);
  expect(weights[2]).toBeCloseTo(1, 14);
  expect(Array.from(changeWeights(Float64Array.of(2, -2), settings))).toEqual([1, 1]);
  const exp = { ...settings, mapping: 'exp' } as const;
  expect(changeWeights(Float64Array.of(0, 5), exp)[1]).toBeCloseTo(0.8, 14);
  // Below the floor nothing is damped down to lambdaMin.
  expect(changeWeights(Float64Array.of(0.01), exp)[0]).toBeCloseTo(Math.sqrt(0.8), 14);
  expect(changeWeights(new Float64Array(), settings).length).toBe(0);
});

test('probabilities of 0 and 1 give finite changes', () => {
  const columns = {
    logProb: Float64Array.of(0, -1000, -1),
    oldLogProb: Float64Array.of(0, -1000, -Infinity),
    oldEntropy: Float64Array.of(0, 3, 1),
    advantages: Float64Array.of(1e9, -1e9, 1),
  };
  expect(entropyChange(columns, settings).every(Number.isFinite)).toBe(true);
});
