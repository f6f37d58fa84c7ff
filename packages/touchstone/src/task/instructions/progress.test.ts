import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constraints, type ConstraintName, type Parameter } from './constraints.js';
import { judgeInstruction } from './instructions.js';
import { progress } from './progress.js';

const phrase = 'That is all.';

describe('progress', () => {
  it.each<[ConstraintName, Parameter, string, number]>([
    ['lower-case', null, 'The answer is 3.', 1 / 2],
    ['lower-case', null, 'NO', 1 / 3],
    ['lower-case', null, '42', 0],
    ['exact-words', 4, 'one two', 1 / 2],
    ['exact-words', 4, 'one two three four five', 4 / 5],
    ['exact-words', 4, '', 0],
    ['end-phrase', phrase, 'Nothing of it.', 0],
    ['end-phrase', phrase, 'That is three.', 1 / 3],
    ['end-phrase', phrase, 'That is all. Ok 12345678', 3 / 4],
    ['end-phrase', phrase, phrase, 1 / 2],
    ['json-only', null, 'JSON: "a"', 0],
    ['json-only', null, '{"a": [1, 2', 1 / 4],
    ['json-only', null, '{a: 1}', 1 / 2],
    ['json-only', null, '12345678{"a": 1}', 3 / 4],
    ['json-only', null, 'so {} it is', 0],
  ])('of %s (%j) at %j is %d', (name, parameter, response, value) => {
    expect(progress[name](response, parameter)).toBeCloseTo(value, 12);
  });

  it('is the whole of a verdict that obeys, and less than 1 in any other', () => {
    const parameters: { readonly [N in ConstraintName]: Parameter } = {
      'lower-case': null,
      'exact-words': 3,
      'end-phrase': phrase,
      'json-only': null,
    };
    const piece = fc.constantFrom('a', 'B', ' ', '{', '}', '"a": 1', phrase, 'That', '\n', 'é', '3');
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(constraints) as ConstraintName[])),
        fc.array(piece),
        (name, pieces) => {
          const parameter = parameters[name];
          const task = { id: 'instructions/train/0', prompt: '', reference: '', metadata: { family: name, parameter } };
          const { outcome, parts } = judgeInstruction(pieces.join(''), task);
          expect(parts['progress']).toBeGreaterThanOrEqual(0);
          expect(parts['progress'] === 1).toBe(outcome === 'correct');
          expect(parts['progress']).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
