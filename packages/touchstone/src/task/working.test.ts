import { describe, expect, it } from 'vitest';
import type { Json, WorkedVerdict } from './task.js';
import { families } from './families/index.js';
import type { FamilyName } from './families/index.js';
import { judgeWorking } from './working.js';

function judge(name: FamilyName, problem: Json, response: string): WorkedVerdict {
  return judgeWorking(families[name], problem, response);
}

const sum = { operands: ['47', '58'] };

describe('judgeWorking', () => {
  it('says where each step stands and which is the first wrong one', () => {
    const response = '7+8=15\n  4+5=9\r\n\n#### 95\n';
    const verdict = judge('addition', sum, response);
    expect(verdict).toMatchObject({ outcome: 'incorrect', score: 0, extracted: '95', reason: 'not-equal' });
    expect(verdict.parts).toEqual({ answer: 0, steps: 0.5, format: 1 });
    expect(verdict.steps.map(({ text, right }) => [text, right])).toEqual([
      ['7+8=15', true],
      ['4+5=9', false],
    ]);
    for (const { text, start, end } of verdict.steps) expect(response.slice(start, end)).toBe(text);
    expect(verdict.feedback).toBe(
      'Step 2 "4+5=9" is wrong: this is not what has to be worked out next. The answer "95" is wrong.',
    );
  });

  it('counts nothing after a wrong step, even when it is true by itself', () => {
    const problem = { operands: ['123', '456'] };
    const { steps, parts } = judge('addition', problem, '3+6=8\n2+5=7\n1+4=5\n#### 579');
    expect(steps.map(({ right }) => right)).toEqual([false, false, false]);
    expect(parts).toEqual({ answer: 1, steps: 0, format: 1 });
  });

  it.each<[string, number, number, string]>([
    ['7+8=15\n4+5+1=10\n#### 105', 1, 1, ''],
    ['#### 105', 1, 0, 'The working stops 2 steps early.'],
    ['7+8=15\n#### 105', 1, 0.5, 'The working stops 1 step early.'],
    ['7+8=15\n4+5+1=10\n10=10\n#### 105', 1, 2 / 3, 'Step 3 "10=10" is wrong: all columns are already added.'],
  ])('%j: answer %d, steps %d', (response, answer, steps, feedback) => {
    const verdict = judge('addition', sum, response);
    expect(verdict.parts).toEqual({ answer, steps, format: 1 });
    expect(verdict.feedback).toBe(feedback);
  });

  it.each<[string, number, number]>([
    ['7+8=15\n4+5+1=10\n####105', 1, 1],
    ['7+8=15\n4+5+1=10 #### 105', 1, 0],
    ['#### 104\n#### 105', 1, 0],
    ['#### 105\n#### 104', 0, 0],
    ['#### 105\nI hope this helps', 1, 0],
    ['#### 105 or 106', 0, 1],
    ['#### 0105', 1, 1],
    ['#### +105', 1, 1],
    ['#### 1e2', 0, 1],
    ['####', 0, 0],
    ['####\n105', 0, 0],
    ['105', 0, 0],
    ['', 0, 0],
  ])('%j: answer %d, format %d', (response, answer, format) => {
    expect(judge('addition', sum, response).parts).toMatchObject({ answer, format });
  });

  it('keeps its feedback on one line however long or strange the step', () => {
    const { feedback } = judge('addition', sum, `${'\u0000\u202e"'.repeat(200)}\n#### ${'x\u2028'.repeat(100)}`);
    expect(feedback.length).toBeLessThan(600);
    expect(feedback).toMatch(/^[ -~]+$/);
  });
});

describe('steps by family', () => {
  // Each: family, problem, lines, and how many of the lines are right.
  it.each<[FamilyName, Json, string[], number]>([
    ['addition', { operands: ['9', '99', '5'] }, ['9+9+5=23', '9+2=11'], 2],
    ['addition', { operands: ['9', '99', '5'] }, ['5+9+9=23', '2+9=11'], 2],
    ['addition', sum, ['7+8=15', '4+5=10'], 1],
    ['multiplication', { left: '47', right: '36' }, ['47*6=282', '47*30=1410', '282+1410=1692'], 3],
    ['multiplication', { left: '47', right: '36' }, ['6*47=282', '30 * 47 = 1410', '1410+282=1692'], 3],
    ['multiplication', { left: '47', right: '30' }, ['47*30=1410'], 1],
    ['multiplication', { left: '47', right: '36' }, ['47*6=282', '47*3=141'], 1],
    ['modular', { modulus: 5, first: 1, operations: [{ operator: '-', operand: 4 }] }, ['1-4=-3r2'], 1],
    ['modular', { modulus: 5, first: 1, operations: [{ operator: '-', operand: 4 }] }, ['1-4=-3r-3'], 0],
    ['sorting', { numbers: [5, 3, 3] }, ['3: 5 3', '3: 5'], 2],
    ['sorting', { numbers: [5, 3, 3] }, ['3: 3 5', '3: 5'], 2],
    ['sorting', { numbers: [5, 3, 3] }, ['3: 5', '3: 5'], 0],
    ['graph', { edges: ['AB', 'CA', 'BD'], from: 'A', to: 'D' }, ['A:BC', 'B:D'], 2],
    ['graph', { edges: ['AB', 'CA', 'BD'], from: 'A', to: 'D' }, ['A: C, B', 'C:', 'B:D'], 3],
    ['graph', { edges: ['AB', 'CA', 'BD'], from: 'A', to: 'D' }, ['A:BC', 'C:', 'B:D'], 1],
    ['graph', { edges: ['AB', 'CA', 'BD'], from: 'A', to: 'D' }, ['A:BC', 'B:AD'], 1],
    ['boolean', { expression: '((T&F)|!(F^T))' }, ['(F|!(F^T))', '(F|!T)', '(F|F)', 'F'], 4],
    ['boolean', { expression: '((T&F)|!(F^T))' }, ['((T&F)|!T)', '((T&F)|F)', '(F|F)', 'F'], 4],
    ['boolean', { expression: '((T&F)|!(F^T))' }, ['(F|!T)'], 0],
    ['bases', { numeral: '1011', from: 2, to: 8 }, ['1*2+0=2', '2*2+1=5', '5*2+1=11', '11=1*8+3'], 4],
    ['bases', { numeral: '2d', from: 16, to: 10 }, ['2*16+13=45'], 1],
    ['bases', { numeral: '45', from: 10, to: 2 }, ['45=22*2+1', '22=10*2+2'], 1],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, ['5*4=20', '20+3=23'], 2],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, ['4*5=20', '3+20=23'], 2],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, ['5+3=8'], 0],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, ['5*4=20', '20+4=24'], 1],
    ['countdown', { numbers: [8, 3, 3], target: 24 }, ['8/3=2', '2*3=6'], 0],
    ['countdown', { numbers: [2, 5, 9], target: 6 }, ['2-5=-3', '-3+9=6'], 2],
    [
      'multiple-choice',
      { of: 'addition', problem: { operands: ['4', '9'] }, options: ['14', '13'] },
      ['4+9=13', '=13'],
      2,
    ],
    [
      'multiple-choice',
      { of: 'addition', problem: { operands: ['4', '9'] }, options: ['14', '13'] },
      ['4+9=13', '=14'],
      1,
    ],
  ])('%s %j %j: %d right', (name, problem, lines, right) => {
    const { steps } = judge(name, problem, lines.join('\n'));
    expect(steps.filter((step) => step.right).length).toBe(right);
  });
});

describe('answers by family', () => {
  it.each<[FamilyName, Json, string, boolean]>([
    ['multiplication', { left: '999999999999', right: '999999999999' }, '999999999998000000000001', true],
    ['sorting', { numbers: [5, 3, 3] }, '3, 3, 5', true],
    ['sorting', { numbers: [5, 3, 3] }, '3 5', false],
    ['sorting', { numbers: [5, 3, 3] }, '3 5 3', false],
    ['graph', { edges: ['AB', 'CA', 'BD', 'CD'], from: 'A', to: 'D' }, 'ABD', true],
    ['graph', { edges: ['AB', 'CA', 'BD', 'CD'], from: 'A', to: 'D' }, 'A-C-D', true],
    ['graph', { edges: ['AB', 'CA', 'BD', 'CD'], from: 'A', to: 'D' }, 'AD', false],
    ['graph', { edges: ['AB', 'CA', 'BD', 'BC', 'CE'], from: 'A', to: 'D' }, 'ACBD', false],
    ['graph', { edges: ['AB', 'CA', 'BD'], from: 'A', to: 'D' }, 'BD', false],
    ['boolean', { expression: '(T^T)' }, 'false', true],
    ['boolean', { expression: '(T^T)' }, 'T', false],
    ['boolean', { expression: '!!T' }, 'T', true],
    ['bases', { numeral: '255', from: 10, to: 16 }, 'FF', true],
    ['bases', { numeral: '255', from: 10, to: 16 }, '0ff', true],
    ['bases', { numeral: '5', from: 10, to: 2 }, '102', false],
    ['countdown', { numbers: [8, 3, 8, 3], target: 24 }, '8/(3-8/3)', true],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, '5*4+3=23', true],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, '(3 + 5 * 4)', true],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, '-(-5*4)+3', true],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, '23', false],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, '5*4+3+3-3', false],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, '5*4+3=24', false],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, '5*4+3/0', false],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, '3+54-34', false],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, '5*(4+3', false],
    ['countdown', { numbers: [5, 3, 4], target: 23 }, '5**4+3', false],
    ['multiple-choice', { of: 'addition', problem: { operands: ['4', '9'] }, options: ['14', '13'] }, '(b)', true],
    ['multiple-choice', { of: 'addition', problem: { operands: ['4', '9'] }, options: ['14', '13'] }, 'A', false],
    ['multiple-choice', { of: 'addition', problem: { operands: ['4', '9'] }, options: ['14', '13'] }, '13', false],
    ['multiple-choice', { of: 'addition', problem: { operands: ['4', '9'] }, options: ['14', '13'] }, 'C', false],
    ['multiple-choice', { of: 'addition', problem: { operands: ['4', '9'] }, options: ['14', '13'] }, 'A B', false],
  ])('%s %j %s: %j', (name, problem, answer, right) => {
    expect(judge(name, problem, `#### ${answer}`)).toMatchObject({ outcome: right ? 'correct' : 'incorrect' });
  });
});
