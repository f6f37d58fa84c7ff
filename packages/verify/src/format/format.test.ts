import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { afterThinking, commandSpans, lastCommand, tagContent, tagSpans } from './tags.js';
import { formatGates, passesGate, verifyFormat, type FormatGate } from './verify-format.js';

const cases: Readonly<Record<FormatGate, { pass: readonly string[]; fail: readonly string[] }>> = {
  'think-then-answer': {
    pass: ['<think>\na <b>\n</think>\nx', '<think></think>', '<think>a</think>b</think>'],
    fail: [
      'a</think>x',
      ' <think>a</think>x',
      '<think>a<think>b</think>x',
      '<think>a',
      '<think>a</think>b<think>c</think>',
    ],
  },
  'think-and-answer-tags': {
    pass: ['<think>a</think> <answer>b</answer>', '\n<think>\n</think><answer></answer>\n'],
    fail: [
      '<think>a</think>b',
      '<think>a</think><answer>b</answer> c',
      '<think>a</think> so <answer>b</answer>',
      '<answer>b</answer><think>a</think>',
    ],
  },
  'tags-in-order': {
    pass: ['x <think>a</think> y <answer>b</answer> z'],
    fail: ['<think>a</think><answer>b</answer><answer>c</answer>', '<answer>b</answer><think>a</think>', ''],
  },
  'single-box': {
    pass: ['so \\boxed{\\frac{1}{2}}'],
    fail: ['\\boxed{1} \\boxed{2}', '\\boxed{1', 'none', '\\boxed{\\boxed{1}}'],
  },
  'ends-with-box': { pass: ['so $\\boxed{3}$.', '\\[ \\boxed{3} \\]\n'], fail: ['\\boxed{3} is it', '\\boxed{3'] },
  'answer-tag': { pass: ['a <answer>b</answer> c'], fail: ['<answer>b', '<answer>a</answer><answer>b</answer>'] },
  'no-trailing-text': { pass: ['x <answer>b</answer>\n'], fail: ['<answer>b</answer> x', 'b'] },
};

describe.each(formatGates)('the gate %s', (gate) => {
  test.each(cases[gate].pass)('passes %j', (response) => expect(passesGate(response, gate)).toBe(true));
  test.each(cases[gate].fail)('refuses %j', (response) => expect(passesGate(response, gate)).toBe(false));
});

test('several gates must all pass, and each is reported', () => {
  const verdict = verifyFormat('<think>a</think><answer>1</answer> x', ['answer-tag', 'no-trailing-text']);
  expect(verdict).toMatchObject({ outcome: 'incorrect', parts: { 'answer-tag': 1, 'no-trailing-text': 0 } });
  expect(verifyFormat('x', 'no-such-gate').outcome).toBe('unscorable');
});

describe('tags and boxes', () => {
  test('braces balance, escaped ones do not count, an open box hides nothing', () => {
    const text = '\\boxed{a \\{ {b}} and \\boxed{open \\boxed{c}';
    expect(commandSpans(text, 'boxed').map(({ start, end }) => text.slice(start, end))).toEqual(['a \\{ {b}', 'c']);
    expect(lastCommand('\\boxed{1} \\boxed{2', 'boxed')).toBeNull();
    expect(lastCommand('\\boxed{a}\\boxed{b{c}d}', 'boxed')).toBe('b{c}d');
  });

  test('the first closing tag ends a tag', () => {
    expect(tagSpans('<a>1<a>2</a>3</a><a>', 'a')).toHaveLength(1);
    expect(tagContent('<a> 1 </a><a>2</a>', 'a', 'first')).toBe('1');
    expect(tagContent('<a>1', 'a')).toBeNull();
    expect(afterThinking('<think>x</think> y')).toBe(' y');
  });

  test.each(['<think>', '\\boxed{', '<answer>', '{', '}', '\\'])('a megabyte of %j takes linear time', (unit) => {
    const text = unit.repeat(Math.floor(1_000_000 / unit.length));
    const startedMs = performance.now();
    for (const gate of formatGates) passesGate(text, gate);
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });
});

const exam = path.join(
  process.env['TOUCHSTONE_SHARED'] ?? path.resolve(import.meta.dirname, '../../../../../shared'),
  'exams/format-think.json',
);

test.skipIf(!existsSync(exam))('every row of the open exam format-think (skipped without the exams)', () => {
  const rows = JSON.parse(readFileSync(exam, 'utf8')) as { prediction: string; reference: string; expected: boolean }[];
  for (const row of rows) {
    expect(verifyFormat(row.prediction, row.reference).outcome, row.prediction).toBe(
      row.expected ? 'correct' : 'incorrect',
    );
  }
});
