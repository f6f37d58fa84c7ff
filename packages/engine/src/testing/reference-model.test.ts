import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseModelConfig, type ModelConfig } from '../model/config.js';
import { parameterShapes } from '../model/layout.js';
import { referenceColumns, referenceTopK } from './reference-columns.js';
import { finiteDifference, randomReferenceWeights, referenceLogits } from './reference-model.js';

/** Written by scripts/parity/fixture.py with Python transformers in float64, whose norms and rotary tables stay float32. */
interface Case {
  readonly name: string;
  readonly config: unknown;
  readonly tokens: readonly number[];
  readonly logits: readonly (readonly number[])[];
}
const cases = JSON.parse(
  readFileSync(new URL('./reference-model.fixture.json', import.meta.url), 'utf8'),
) as readonly Case[];

function formulaWeights(config: ModelConfig): Map<string, Float64Array> {
  return new Map(
    [...parameterShapes(config)].map(([name, shape], t) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const base = name.includes('norm') ? 1 : 0;
      return [name, Float64Array.from({ length }, (_, i) => base + 0.4 * Math.sin(t + 1.3 * i))];
    }),
  );
}

describe.each(cases)('reference $name', ({ config: json, tokens, logits }) => {
  const config = parseModelConfig(json);

  it('gives the logits of Python transformers', () => {
    const ours = referenceLogits(config, formulaWeights(config), tokens);
    ours.forEach((row, t) => row.forEach((value, v) => expect(value).toBeCloseTo(logits[t]?.[v] ?? NaN, 6)));
    expect(ours.length).toBe(tokens.length);
  });

  it('is causal: a later token changes no earlier row', () => {
    const weights = randomReferenceWeights(config, 7);
    const changed = [...tokens.slice(0, -1), (tokens.at(-1)! + 1) % config.vocabSize];
    const [a, b] = [referenceLogits(config, weights, tokens), referenceLogits(config, weights, changed)];
    expect(a.slice(0, -1)).toEqual(b.slice(0, -1));
    expect(a.at(-1)).not.toEqual(b.at(-1));
  });

  it('names a weight that is missing', () => {
    const weights = randomReferenceWeights(config, 7);
    weights.delete('model.layers.1.mlp.up_proj.weight');
    expect(() => referenceLogits(config, weights, tokens)).toThrow('model.layers.1.mlp.up_proj.weight must have 96');
  });
});

describe('referenceColumns', () => {
  it('matches a distribution worked by hand', () => {
    const logits = Float64Array.from([0.5, 0.25, 0.25], Math.log);
    const columns = referenceColumns(logits, 1);
    expect(columns.logProb).toBeCloseTo(Math.log(0.25), 12);
    expect(columns.entropy).toBeCloseTo(1.5 * Math.LN2, 12);
    expect(columns.meanLogProb).toBeCloseTo((-5 / 3) * Math.LN2, 12);
    expect(columns.topLogProb).toBeCloseTo(-Math.LN2, 12);
    expect(referenceTopK(columns.logProbs, 2).map(({ id }) => id)).toEqual([0, 1]);
  });

  it('divides logits by the temperature', () => {
    const logits = Float64Array.from([2, 0, -4]);
    expect(referenceColumns(logits, 0, 2).logProb).toBeCloseTo(
      referenceColumns(
        logits.map((x) => x / 2),
        0,
      ).logProb,
    );
  });
});

it('finiteDifference finds the derivative of a product', () => {
  const weights = new Map([
    ['a', [3, 5]],
    ['b', [2]],
  ]);
  const f = (w: ReadonlyMap<string, ArrayLike<number>>): number => w.get('a')![1]! ** 2 * w.get('b')![0]!;
  expect(finiteDifference(f, weights, 'a', 1)).toBeCloseTo(20, 6);
  expect(finiteDifference(f, weights, 'b', 0)).toBeCloseTo(25, 6);
  expect(finiteDifference(f, weights, 'a', 0)).toBe(0);
});
