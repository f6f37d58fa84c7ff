import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { instructionCases } from './fixtures.js';
import {
  instructions,
  isInstructionId,
  verifyInstructionReference,
  verifyInstructions,
  type InstructionId,
} from './verify-instructions.js';

const ids = Object.keys(instructions).filter(isInstructionId);

function outcome(id: InstructionId, response: string): string {
  return verifyInstructions(response, [{ id, kwargs: instructionCases[id].kwargs ?? {} }]).outcome;
}

describe('every instruction type', () => {
  test.each(ids)('%s tells a response that follows it from one that does not', (id) => {
    expect(outcome(id, instructionCases[id].followed)).toBe('correct');
    expect(outcome(id, instructionCases[id].broken)).toBe('incorrect');
    expect(outcome(id, ' \n')).toBe('incorrect');
  });

  test('never throws, and judges the same text the same way', () => {
    const hostile = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(...'.*"(\n -<['.repeat(3)));
    fc.assert(
      fc.property(fc.constantFrom(...ids), fc.array(hostile, { maxLength: 30 }), (id, pieces) => {
        const response = pieces.join('');
        expect(outcome(id, response)).toBe(outcome(id, response));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    'a',
    ' ',
    '\n',
    '.',
    '*',
    '"',
    '<',
    '[',
    '. ',
    "'",
    'a. ',
    '<<',
    '(',
    'Section 1',
    'é',
    '- ',
    '`',
    '?!',
    '😀 ',
  ])('takes time in proportion to the length of a run of %j', (unit) => {
    const response = unit.repeat(Math.floor(30_000 / unit.length));
    for (const id of ids) {
      const startedMs = performance.now();
      outcome(id, response);
      expect(performance.now() - startedMs, id).toBeLessThan(2000);
    }
  });
});

describe('verifyInstructions', () => {
  const calls = [
    { id: 'punctuation:no_comma' },
    { id: 'length_constraints:number_words', kwargs: { num_words: 3, relation: 'at least' } },
    { id: 'length_constraints:number_words', kwargs: { num_words: 9, relation: 'at least' } },
  ];

  test('scores the share that was followed and names the rest', () => {
    const verdict = verifyInstructions('one two three', calls);
    expect(verdict).toMatchObject({
      outcome: 'incorrect',
      score: 2 / 3,
      reason: 'not-followed',
      parts: {
        'punctuation:no_comma': 1,
        'length_constraints:number_words': 1,
        'length_constraints:number_words#2': 0,
      },
    });
    expect(verdict.feedback).toContain('length_constraints:number_words#2');
  });

  test('the loose mode forgives a first line, a last line and asterisks, the strict mode does not', () => {
    const response = 'Sure, here it is:\n*alpha beta*\nHope this helps, friend!';
    const call = [{ id: 'punctuation:no_comma' }, { id: 'words:repeats', kwargs: { small_n: 1 } }];
    expect(verifyInstructions(response, call).outcome).toBe('incorrect');
    expect(verifyInstructions(response, call, { mode: 'loose' }).outcome).toBe('correct');
  });

  test('a task that cannot be read is unscorable, with the argument named', () => {
    expect(verifyInstructions('x', [])).toMatchObject({ outcome: 'unscorable', reason: 'no-instructions' });
    expect(verifyInstructions('x', [{ id: 'toString' }])).toMatchObject({ reason: 'unknown-instruction' });
    const missing = verifyInstructions('x', [{ id: 'keywords:frequency', kwargs: { keyword: 'a', frequency: '3' } }]);
    expect(missing).toMatchObject({ outcome: 'unscorable', reason: 'bad-argument' });
    expect(missing.feedback).toContain('frequency');
    expect(verifyInstructionReference('x', 'keywords:frequency')).toMatchObject({ reason: 'bad-reference' });
  });
});

const shared = process.env['TOUCHSTONE_SHARED'] ?? path.resolve(import.meta.dirname, '../../../../../shared');

interface ExamRow {
  readonly instruction_id: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly response: string;
  readonly expected: boolean;
  readonly notes?: string;
}

describe.each([
  ['ifeval', 0.995],
  ['ifbench', 0.99],
] as const)('the open exam %s', (name, least) => {
  const file = path.join(shared, 'exams', `${name}.json`);

  test.skipIf(!existsSync(file))(
    `agrees with its labels on at least ${100 * least} % (skipped without the exams)`,
    () => {
      const rows = (JSON.parse(readFileSync(file, 'utf8')) as ExamRow[]).filter(
        (row) => !row.notes?.startsWith('policy:'),
      );
      const agreed = rows.filter((row) => {
        const verdict = verifyInstructionReference(row.response, row);
        return verdict.outcome === (row.expected ? 'correct' : 'incorrect');
      });
      expect(agreed.length / rows.length).toBeGreaterThanOrEqual(least);
    },
  );
});
