import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTaskSource } from '../registry.js';
import type { Task, TaskSource } from '../task.js';
import { constraints, countWords } from './constraints.js';
import type { ConstraintName } from './constraints.js';
import { judgeInstruction } from './instructions.js';

const settings = { minWords: 2, maxWords: 6, phrases: ['That is all.'] };

function task(name: ConstraintName, parameter: string | number | null): Task {
  return { id: 't', prompt: 'x', reference: '', metadata: { family: name, parameter } };
}

describe('constraints', () => {
  it.each<[ConstraintName, string | number | null, string, string]>([
    ['lower-case', null, 'all small, 3 of them: é.', 'obeyed'],
    ['lower-case', null, 'one Big letter', 'capital-letter'],
    ['lower-case', null, 'ǅ is a title case letter', 'capital-letter'],
    ['lower-case', null, '123 !?', 'no-letters'],
    ['lower-case', null, '', 'no-letters'],
    ['exact-words', 3, 'one two three', 'obeyed'],
    ['exact-words', 3, " one\n don't\tstop. ", 'obeyed'],
    ['exact-words', 3, 'one - two , three !', 'obeyed'],
    ['exact-words', 3, 'one two', 'wrong-count'],
    ['exact-words', 3, 'one two three four', 'wrong-count'],
    ['exact-words', 1, '', 'wrong-count'],
    ['end-phrase', 'That is all.', 'Yes. That is all.', 'obeyed'],
    ['end-phrase', 'That is all.', 'Yes. That is all.\n', 'obeyed'],
    ['end-phrase', 'That is all.', 'Yes. That is all', 'other-end'],
    ['end-phrase', 'That is all.', 'Yes. that is all.', 'other-end'],
    ['end-phrase', 'That is all.', 'That is all. Yes.', 'other-end'],
    ['end-phrase', 'That is all.', ' That is all.', 'phrase-only'],
    ['json-only', null, ' {"answer": 3}\n', 'obeyed'],
    ['json-only', null, '```json\n{"answer": 3}\n```', 'not-json'],
    ['json-only', null, 'Sure: {"answer": 3}', 'not-json'],
    ['json-only', null, '[1]', 'not-an-object'],
    ['json-only', null, 'null', 'not-an-object'],
    ['json-only', null, '{}', 'empty-object'],
  ])('%s (%j) calls %j %s', (name, parameter, response, reason) => {
    const verdict = judgeInstruction(response, task(name, parameter));
    const score = reason === 'obeyed' ? 1 : 0;
    expect(verdict).toMatchObject({
      outcome: score === 1 ? 'correct' : 'incorrect',
      score,
      reason,
      parts: { [name]: score },
    });
    expect(verdict.feedback === '').toBe(score === 1);
  });

  it('counts the words that were joined, whatever joins them', () => {
    const word = fc.stringMatching(/^[a-z]{1,6}('[a-z])?$/);
    const space = fc.constantFrom(' ', '  ', '\n', '\t', ' — ', ' - ');
    fc.assert(
      fc.property(fc.array(fc.tuple(word, space), { maxLength: 30 }), (pairs) => {
        expect(countWords(pairs.map(([text, gap]) => text + gap).join(''))).toBe(pairs.length);
      }),
    );
  });

  it.each<[string, string]>([
    ['a deep pile of brackets', '['.repeat(90_000)],
    ['a deep object', '{"a":'.repeat(20_000)],
    ['a megabyte', 'a '.repeat(500_000)],
    ['white space', ' \n\t'.repeat(30_000)],
  ])('end quickly on %s', (_, response) => {
    const started = performance.now();
    for (const name of Object.keys(constraints) as ConstraintName[]) {
      const verdict = judgeInstruction(
        response,
        task(name, name === 'exact-words' ? 3 : name === 'end-phrase' ? 'End.' : null),
      );
      expect(['correct', 'incorrect']).toContain(verdict.outcome);
      expect(verdict.feedback.length).toBeLessThan(400);
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('refuses a task of another source', () => {
    const stray: Task = { id: 'x/1', prompt: '', reference: '', metadata: { family: 'addition' } };
    expect(() => judgeInstruction('1', stray)).toThrow(/task x\/1 has no constraint/);
  });
});

describe('instructionSource', () => {
  let folder = '';
  let source: TaskSource;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'touchstone-instructions-'));
    const lines = Array.from({ length: 40 }, (_, i) => JSON.stringify({ question: `Why is ${i} a number?` }));
    await writeFile(join(folder, 'q.jsonl'), lines.join('\n'));
    source = await createTaskSource(
      'instructions',
      { train: 'q.jsonl', prompt: 'question', ...settings },
      { directory: folder, seed: 5 },
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('adds one constraint to each question, in all kinds and within the settings', () => {
    const tasks = Array.from({ length: 200 }, (_, i) => source.task('train', i));
    expect(new Set(tasks.map(({ metadata }) => metadata['family']))).toEqual(new Set(Object.keys(constraints)));
    for (const { prompt, reference, metadata } of tasks) {
      expect(prompt).toEqual([
        { role: 'user', content: expect.stringMatching(/^Why is \d+ a number\?\n\n.+/s) as string },
      ]);
      expect(JSON.stringify(prompt)).toContain(JSON.stringify(reference).slice(1, -1));
      if (metadata['family'] === 'exact-words') expect([2, 3, 4, 5, 6]).toContain(metadata['parameter']);
    }
  });

  it('is a function of seed, split and index, and keeps held-out questions apart', async () => {
    const again = await createTaskSource(
      'instructions',
      { train: 'q.jsonl', prompt: 'question', ...settings },
      { directory: folder, seed: 5 },
    );
    expect(again.task('train', 77)).toEqual(source.task('train', 77));
    const questions = (split: 'train' | 'test'): Set<string> =>
      new Set(Array.from({ length: 100 }, (_, i) => JSON.stringify(source.task(split, i).metadata['where'])));
    expect([...questions('test')].filter((where) => questions('train').has(where))).toEqual([]);
    expect(questions('train').size + questions('test').size).toBe(40);
  });

  it('asks only for what the settings allow', async () => {
    const only = await createTaskSource(
      'instructions',
      { train: 'q.jsonl', prompt: 'question', constraints: ['json-only'] },
      { directory: folder },
    );
    expect(new Set(Array.from({ length: 20 }, (_, i) => only.task('train', i).metadata['family']))).toEqual(
      new Set(['json-only']),
    );
    const wrong = createTaskSource(
      'instructions',
      { train: 'q.jsonl', minWords: 5, maxWords: 2 },
      { directory: folder },
    );
    await expect(wrong).rejects.toThrow(/minWords must not exceed maxWords/);
  });
});
