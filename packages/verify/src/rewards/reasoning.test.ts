import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateArithmetic } from './arithmetic.js';
import { blendSchemes, blendWeights, crossthinkReward, filterSamples } from './crossthink.js';
import {
  arcReward,
  codeIoReward,
  editDistance,
  graphReward,
  orderingReward,
  stdoutMatch,
  zebraReward,
} from './guru.js';
import { classicReward, cosineReward, parseJudgement, repetitionPenalty } from './long-cot.js';
import { compareExecutionToAnswer, equalWithTolerance, syntheticBatchReport } from './loong.js';
import { cellReward, countdownReward, knightsReward, policyRefreshSchedule } from './multi-domain.js';
import { fromJson, parsePythonLiteral } from './python-literal.js';
import { extractQwenAnswer } from './qwen-answer.js';
import { hybridReward, isNumeric, staticMetrics } from './verifier-pitfalls.js';

describe('parsePythonLiteral', () => {
  test('reads what Python prints', () => {
    expect(parsePythonLiteral("{'a': [1, -2.5], 'b': (True, None)}")).toEqual({
      kind: 'dict',
      entries: new Map([
        ['a', { kind: 'list', items: [1, -2.5].map((value) => ({ kind: 'number', value })) }],
        ['b', { kind: 'tuple', items: [{ kind: 'boolean', value: true }, { kind: 'none' }] }],
      ]),
    });
    expect(parsePythonLiteral('(1,)')).toMatchObject({ kind: 'tuple' });
    expect(parsePythonLiteral('(1)')).toEqual({ kind: 'number', value: 1 });
    expect(parsePythonLiteral('{1, 2}')).toMatchObject({ kind: 'set' });
  });

  test.each(['', '[1', '[1 2]', "'open", 'f(1)', '1 2', '__import__("os")', '['.repeat(5000)])('refuses %j', (text) => {
    expect(parsePythonLiteral(text)).toBeNull();
  });

  test('agrees with JSON where the two overlap', () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.integer(),
        fc.stringMatching(/^[a-z ]{0,5}$/),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie('value'), { maxKeys: 3, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(json, (value) => {
        expect(parsePythonLiteral(JSON.stringify(value))).toEqual(fromJson(value));
      }),
    );
  });
});

test('arithmetic has the precedence of Python and refuses code', () => {
  expect(evaluateArithmetic('2+3*4')).toBe(14);
  expect(evaluateArithmetic('(2+3)*4/8')).toBe(2.5);
  expect(evaluateArithmetic('-2**2')).toBe(-4);
  expect(evaluateArithmetic('7//2')).toBe(3);
  for (const text of ['1/0', '2 3', '(1', '1+', 'alert(1)', '9**9**9**9', '('.repeat(1000), '']) {
    expect(evaluateArithmetic(text)).toBeNull();
  }
});

test('puzzles', () => {
  const header = 'Assistant: ';
  expect(countdownReward(`${header}<answer>(8-2)*4</answer>`, 24, [2, 4, 8])).toBe(1);
  expect(countdownReward(`${header}<answer>8*3</answer>`, 24, [2, 4, 8], 0.1)).toBe(0.1);
  expect(countdownReward('<answer>(8-2)*4</answer>', 24, [2, 4, 8])).toBe(0);
  expect(knightsReward(`${header}<answer>Ann is a knight</answer>`, '(1) Ann is a knight')).toBe(1);
  expect(knightsReward(`${header}<answer>ann is a KNAVE</answer>`, '(1) Ann is a knight')).toBe(0);
  const gold = { 'House 1': { Name: 'Ann', Pet: 'cat' }, 'House 2': { Name: 'Bob', Pet: 'dog' } };
  const swapped = { solution: { 'House 1': gold['House 2'], 'House 2': gold['House 1'] } };
  expect(cellReward(JSON.stringify(swapped), gold)).toBe(1);
  expect(cellReward('{"solution": 5}', gold)).toBe(0);
  expect(policyRefreshSchedule([0, 5, 10, 15], 5, ['a', 'b']).map(({ refresh }) => refresh)).toEqual([
    false,
    true,
    false,
    false,
  ]);
});

test('grids, orders, graphs and output', () => {
  const grid = { header: ['House', 'Pet'], rows: [['1', 'cat']] };
  expect(zebraReward("<answer>{'rows': [['1', 'dog']]}</answer>", grid)).toBe(0.5);
  expect(zebraReward("<answer>{'rows': [['1', 'dog']]}</answer>", grid, { exact: true })).toBe(0);
  expect(orderingReward("<answer>['B', 'a']</answer>", ['b', 'a'])).toEqual({ score: 1, editDistance: 0 });
  expect(arcReward('<answer>[[1, 2],\n[3, 4]]</answer>', [[1, 2]])).toEqual({ score: 0, pixelAccuracy: 0.5 });
  expect(codeIoReward('{"output": "[1, 2]"}', '"output": [1, 2]')).toBe(1);
  expect(codeIoReward('{"output": 1}', '"output": true')).toBe(1);
  expect(graphReward('<answer>Bob</answer>', 'bob')).toBe(1);
  expect(stdoutMatch('1.0000001\nYES', '1\nyes')).toBe(true);
  expect(stdoutMatch('1.1', '1')).toBe(false);
  expect(editDistance(['a', 'b', 'c'], ['a', 'c'])).toBe(1);
});

test('the gate asks for tags and box, and exact text', () => {
  expect(crossthinkReward('<think>x</think>\\boxed{B}', 'B')).toEqual({ format: 1, accuracy: 1, reward: 1 });
  expect(crossthinkReward('</think><think>\\boxed{B}', 'B').reward).toBe(0);
  expect(crossthinkReward('<think>x</think>\\boxed{b}', 'B').reward).toBe(0);
  expect(filterSamples([{ kind: 'open', answer: ' ', options: [] }])).toEqual([false]);
});

test('blend weights sum to one', () => {
  const sources = [
    { size: 10, domain: 'math', format: 'open' },
    { size: 30, domain: 'gpr', format: 'mcq' },
    { size: 20, domain: 'gpr', format: 'open' },
  ];
  for (const scheme of blendSchemes) {
    const weights = blendWeights(sources, scheme, [1, 2, 3]);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1);
  }
  expect(() => blendWeights(sources, 'score')).toThrow('one score per source');
});

test('length and repetition', () => {
  const shape = {
    correct: { atZero: 2, atLongest: 1 },
    wrong: { atZero: -10, atLongest: 0 },
    exceed: -10,
    maxLength: 100,
    margin: 16,
  };
  expect(cosineReward(0, true, shape)).toBe(2);
  expect(cosineReward(83, true, shape)).toBeGreaterThan(1);
  expect(cosineReward(84, true, shape)).toBe(-10);
  expect(() => cosineReward(0, true, { ...shape, wrong: { atZero: 1, atLongest: 0 } })).toThrow(RangeError);
  expect(classicReward(99, true, { correct: 1, wrong: 0, exceed: null, maxLength: 100, margin: 16 })).toBe(1);
  const options = { size: 7, ngram: 2, penalty: -1, onlyStart: false };
  expect(repetitionPenalty([1, 2, 9, 1, 2], options)).toEqual([0, 0, 0, -1, -1, 0, 0]);
  expect(parseJudgement('Judgement: wrong, so Judgement: correct')).toBe(1);
  expect(parseJudgement('Judgement: Correct')).toBe(0);
});

test('execution against answer', () => {
  const [list, tuple] = [parsePythonLiteral('[1, 2]'), parsePythonLiteral('(1, 2)')];
  expect(list !== null && tuple !== null && equalWithTolerance(list, tuple, 1)).toBe(false);
  expect(compareExecutionToAnswer('(1, 2)', '[1.05, 2]', 0.1)).toBe(true);
  expect(compareExecutionToAnswer(null, '1', 0.1)).toBe(false);
  expect(syntheticBatchReport([])).toEqual({ passRate: 0, rejectRate: 0, nonExecutableRate: 0, kept: [] });
});

test('the cascade only turns refusals into rewards, and never judges two numbers', () => {
  const rows = [
    { rule: 1, extracted: '5', reference: '5', judge: '\\boxed{0}' },
    { rule: 0, extracted: '7', reference: '8', judge: '\\boxed{1}' },
    { rule: 0, extracted: 'x', reference: '8', judge: '\\boxed{1}' },
  ];
  expect(hybridReward(rows)).toEqual({ reward: [1, 0, 1], modelCalls: 1 });
  expect(['1e3', ' 4 ', 'nan'].every(isNumeric)).toBe(true);
  expect(['1/2', '1,000', '', 'x'].some(isNumeric)).toBe(false);
  expect(staticMetrics([], []).accuracy).toBeNull();
});

test('the compatible extraction keeps its known losses', () => {
  expect(extractQwenAnswer('\\boxed{50\\%}')).toBe('50');
  expect(extractQwenAnswer('the answer is \\frac12.')).toBe('\\frac{1}{2}');
  expect(extractQwenAnswer('\\boxed{y = 7}')).toBe('7');
});
