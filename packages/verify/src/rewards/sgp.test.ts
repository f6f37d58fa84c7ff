import { describe, expect, test } from 'vitest';
import { compBenchGrade, isGreyscale, isSketch, sgpExtract, sgpFormatted, sgpReward, type SgpWeights } from './sgp.js';

const answer = (svg: string): string => `plan</think> <answer>${svg}</answer>`;
const drawn = { rendered: true, textSimilarity: 0.5, imageSimilarity: null };
const weights: SgpWeights = { text: 1, image: 0, length: 0, format: 0 };

describe('the gate', () => {
  test.each([
    ['plan</think> <answer><svg /></answer>', true],
    ['plan</think><answer><svg /></answer>', false],
    ['plan</think> <answer><svg /></answer> ', false],
    ['plan</think> <answer><svg ><textPath>a</textPath></svg></answer>', false],
  ])('%j', (completion, formatted) => {
    expect(sgpFormatted(completion)).toBe(formatted);
  });

  test('a picture that is taken ends where it ends', () => {
    expect(sgpExtract('<svg a></svg> <svg b></svg> </svg>')).toBe('<svg b></svg>');
    expect(sgpExtract('<svg a><svg b></svg>')).toBe('<svg a><svg b></svg>');
  });
});

describe('the reward', () => {
  test('overwrites where the form is not paid, and adds where form has a weight', () => {
    expect(sgpReward('<svg ></svg>', drawn, weights, 0.5).reward).toBe(-0.5);
    expect(sgpReward('<svg ></svg>', drawn, { ...weights, format: 1 }).reward).toBe(0.75);
    expect(sgpReward(answer('<svg ></svg>'), drawn, { ...weights, format: 1 }).reward).toBe(1.75);
  });

  test('is 0 for what is cut off or not drawn', () => {
    expect(sgpReward(answer('<svg ></svg>'), { ...drawn, ended: false }, weights).reward).toBe(0);
    expect(sgpReward(answer('<svg ></svg>'), { ...drawn, rendered: false }, weights)).toEqual({
      reward: 0,
      formatted: true,
      text: 0,
      image: 0,
      length: null,
    });
  });
});

test('style gates look at styles before attributes', () => {
  expect(isSketch('<svg><rect fill="red" style="stroke: red; fill: none"/></svg>')).toBe(true);
  expect(isSketch('<svg><rect style="stroke: red"/></svg>')).toBe(false);
  expect(isGreyscale('<svg><rect fill="#777" stroke="darkgrey"/><stop stop-color="rgb(1 1 1 / 50%)"/></svg>')).toBe(
    true,
  );
  expect(isGreyscale('<svg><rect fill="#778"/></svg>')).toBe(false);
});

test.each([
  ['SCORE: 50 of 100', 50],
  ['SCORE: 70, well, 30', 30],
  ['It earns 100.', 100],
  ['no number', 0],
])('the grade of %j', (text, grade) => {
  expect(compBenchGrade(text)).toBe(grade);
});
