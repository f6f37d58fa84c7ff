import { describe, expect, test } from 'vitest';
import type { RolloutBatch } from '../objective.js';
import { createObjective } from '../registry.js';
import { segmenters, segmentSubsentences } from '../terms/spans.js';
import { sampleBatch } from '../testing/sample-batch.js';
import { batchOf } from '../vectors/padded.js';

const sample = sampleBatch({ seed: 8, groupSizes: [4, 3, 1], maxLength: 10 });

function withSegments(batch: RolloutBatch, segment: (token: number) => number): RolloutBatch {
  return { ...batch, columns: { ...batch.columns, segment: Float64Array.from(batch.mask, (_, i) => segment(i)) } };
}

describe('SSPO', () => {
  test.each([
    ['one token a span', 'grpo', { dualClip: null }, (token: number) => token],
    ['one span a response', 'gspo-token', {}, () => 0],
  ] as const)('%s is %s without its dual clip', (_, name, settings, segment) => {
    const range = { clipLow: 0.05, clipHigh: 0.06 };
    const batch = withSegments(sample, segment);
    const [own, other] = [
      createObjective('sspo', { adaptive: false, ...range }),
      createObjective(name, { ...settings, ...range }),
    ];
    const advantages = own.advantages(batch);
    const [a, b] = [own.loss(batch, advantages), other.loss(batch, advantages)];
    expect(a.loss).toBeCloseTo(b.loss, 12);
    a.gradients.logProb!.forEach((value, i) => expect(value).toBeCloseTo(b.gradients.logProb![i]!, 12));
  });

  test('an outlier takes its span along and nothing else', () => {
    const old = [-1, -1, -1, -1, -1, -1];
    const logProb = [-1, -1, -1 + Math.log(50), -1, -1, -1];
    const batch = batchOf([[1, 1, 1, 1, 1, 1]], {
      logProb: [logProb],
      oldLogProb: [old],
      segment: [[0, 0, 1, 1, 2, 2]],
    });
    const { gradients, metrics } = createObjective('sspo', { adaptive: false }).loss(
      batch,
      new Float64Array(6).fill(1),
    );
    expect(Array.from(gradients.logProb!, (value) => value !== 0)).toEqual([true, true, false, false, true, true]);
    expect(metrics['clipFraction']).toBeCloseTo(1 / 3, 14);
  });

  test('environment tokens neither end a span nor count in it', () => {
    const columns = { logProb: [[-1, -9, -1.2]], oldLogProb: [[-1.1, 0, -1]], segment: [[0, 7, 0]] };
    const batch = batchOf([[1, 0, 1]], columns);
    const { metrics } = createObjective('sspo', { adaptive: false }).loss(batch, new Float64Array(3).fill(1));
    expect(metrics['ratioMean']).toBeCloseTo(Math.exp((0.1 - 0.2) / 2), 14);
  });

  test('bounds widen with the entropy of the span and stay between w_min and w_max', () => {
    const columns = {
      logProb: [[-1, -1, -1, -1]],
      oldLogProb: [[-1, -1, -1, -1]],
      segment: [[0, 0, 1, 1]],
      oldEntropy: [[0, 0, 2, 1]],
    };
    const batch = batchOf([[1, 1, 1, 1]], columns);
    const { tokenScale } = createObjective('sspo').derive!(batch);
    [0.5, 0.5, 2, 2].forEach((w, i) => expect(tokenScale![i]).toBeCloseTo(w, 6));
    const silent = { ...batch, columns: { ...batch.columns, oldEntropy: new Float64Array(4) } };
    expect(Array.from(createObjective('sspo').derive!(silent).tokenScale!)).toEqual([0.5, 0.5, 0.5, 0.5]);
  });
});

describe('segmentSubsentences', () => {
  test('decimal points make short spans, which a least length merges', () => {
    const tokens = ['It', ' is', ' 3', '.', '5', ',', ' so', ' x', '=', '7', '.'];
    expect(Array.from(segmentSubsentences(tokens))).toEqual([0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2]);
    expect(Array.from(segmentSubsentences(tokens, { minLength: 3 }))).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('line breaks inside a token and trailing blanks count, full-width marks too', () => {
    expect(Array.from(segmentSubsentences(['a', '.\n\n b', 'c! ', '好。', 'd']))).toEqual([0, 0, 1, 2, 3]);
    expect(Array.from(segmentSubsentences([], { minLength: 4 }))).toEqual([]);
    expect(Array.from(segmentSubsentences(['', ' ', 'x'], { minLength: 4 }))).toEqual([0, 0, 0]);
  });
});

test('the objective cuts at punctuation, or as it is told', () => {
  const tokens = ['a', ', b', '. ', '\n', '\n', 'c', ' d'];
  const cut = (settings: Readonly<Record<string, unknown>>) =>
    Array.from(createObjective('sspo', settings).segment!(tokens));
  expect(cut({})).toEqual([0, 0, 0, 1, 2, 3, 3]);
  expect(cut({ minSpan: 3 })).toEqual([0, 0, 0, 1, 1, 1, 1]);
  expect(cut({ segmenter: 'lines' })).toEqual([0, 0, 0, 0, 1, 2, 2]);
  expect(cut({ segmenter: 'paragraphs' })).toEqual([0, 0, 0, 0, 0, 1, 1]);
  expect(Array.from(segmenters.blocks(new Array<string>(9).fill('x')))).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
});
