import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extractChoice } from './extract-choice.js';
import { letterOf, permuteOptions, seededPermutation } from './options.js';
import { verifyChoice } from './verify-choice.js';

const cities = ['Paris', 'Rome', 'The Hague', 'Oslo'];

describe('extractChoice', () => {
  test.each([
    ['B', ['B']],
    ['(b)', ['B']],
    ['b.', ['B']],
    ['**C**', ['C']],
    ['B) Rome', ['B']],
    ['Rome', ['B']],
    ['the hague.', ['C']],
    ['\\boxed{B}', ['B']],
    ['\\boxed{\\text{(B)}}', ['B']],
    ['$\\boxed{\\textbf{(C)}\\ Hague}$', ['C']],
    ['\\boxed{Oslo}', ['D']],
    ['\\boxed{A, C}', ['A', 'C']],
    ['<answer>B and D</answer>', ['B', 'D']],
    ['<answer>A</answer><answer>B</answer>', ['B']],
    ['<think>The answer is A.</think> The answer is (C).', ['C']],
    ['The answer is A. No wait, the answer is D.', ['D']],
    ['The correct answer is not A; the answer is B', ['B']],
    ['So option C is correct, since A is wrong.', ['C']],
    ['Therefore, the correct option is **D**.', ['D']],
    ['Answer: B', ['B']],
    ['I choose B because it is larger.', ['B']],
    ["It can't be B.", null],
    ['The answer is not B.', null],
    ['The answer is Z.', null],
    ['I think a cat is there', null],
    ['\\boxed{7}', null],
    ['Paris, Rome', null],
    ['', null],
    ['AB', null],
  ] as const)('%j', (response, letters) => {
    expect(extractChoice(response, cities)?.letters ?? null).toEqual(letters);
  });

  test('never throws and only names letters of the list', () => {
    const piece = fc.constantFrom(
      'answer is ',
      '(',
      ')',
      'A',
      'B',
      'not ',
      '\\boxed{',
      '}',
      '<answer>',
      '</answer>',
      ' ',
      'Rome',
      '.',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const letters = extractChoice(pieces.join(''), cities)?.letters ?? [];
        expect(letters.every((letter) => 'ABCD'.includes(letter))).toBe(true);
      }),
    );
  });
});

describe('verifyChoice', () => {
  test('takes the right option by letter or by text', () => {
    const reference = { options: cities, answer: 'Rome' };
    expect(verifyChoice('The answer is B.', reference)).toMatchObject({ outcome: 'correct', extracted: 'B' });
    expect(verifyChoice('<answer>rome</answer>', reference).outcome).toBe('correct');
    expect(verifyChoice('<answer>Paris</answer>', reference).outcome).toBe('incorrect');
  });

  test('several right letters: all and only they, or partial credit where asked', () => {
    expect(verifyChoice('\\boxed{A, C}', 'A, C').outcome).toBe('correct');
    expect(verifyChoice('\\boxed{A}', 'A, C')).toMatchObject({ score: 0, reason: 'incomplete' });
    expect(verifyChoice('\\boxed{A}', 'A, C', { partial: true }).score).toBe(0.5);
    expect(verifyChoice('\\boxed{A, B, C}', 'A, C', { partial: true }).score).toBe(0);
  });

  test('a reference that names no option is the task’s fault', () => {
    expect(verifyChoice('A', { options: cities, answer: 'Z' }).outcome).toBe('unscorable');
    expect(verifyChoice('A', 12).outcome).toBe('unscorable');
  });
});

test('a shuffle keeps the right option right', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 26 }), fc.integer(), (count, seed) => {
      const item = { options: Array.from({ length: count }, (_, index) => `text ${index}`), gold: ['B'] };
      const permutation = seededPermutation(count, seed);
      expect([...permutation].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
      const shown = permuteOptions(item, permutation);
      const slot = shown.options.indexOf('text 1');
      expect(shown.gold).toEqual([letterOf(slot)]);
      expect(seededPermutation(count, seed)).toEqual(permutation);
    }),
  );
});
