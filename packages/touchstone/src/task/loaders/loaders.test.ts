import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../errors.js';
import { createTaskSource } from '../registry.js';
import type { Task, TaskSource } from '../task.js';
import { canonicalDecimal, judgeMarkedAnswer } from './marked-answer.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'touchstone-loaders-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

const load = (settings: Record<string, unknown>): Promise<TaskSource> =>
  createTaskSource('file', settings, { directory: folder });

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as Error;
  expect(message).not.toContain('\n');
  return message.replaceAll(`${folder}/`, '');
}

const rows = (count: number, offset = 0): string =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({ prompt: `What is ${i + offset}+1?`, reference: i + offset + 1 }),
  ).join('\n');

describe('task files', () => {
  it('reads JSONL with blank lines, a byte order mark and Windows line ends', async () => {
    await write('a.jsonl', `\ufeff{"prompt":"one?","reference":1}\r\n\r\n{"prompt":"two?","reference":"2"}\r\n`);
    const source = await load({ test: 'a.jsonl', template: '{prompt}', chat: false });
    expect([source.size('train'), source.size('test')]).toEqual([0, 2]);
    expect(source.task('test', 1)).toEqual({
      id: 'file/test/1',
      prompt: 'two?',
      reference: '2',
      metadata: { family: 'file', where: 'a.jsonl:3' },
    });
    expect(() => source.task('test', 2)).toThrow(/index must be an integer in \[0, 2\), got 2/);
    expect(() => source.task('train', 0)).toThrow(RangeError);
  });

  it('reads Parquet as it reads JSONL', async () => {
    const columnData = [
      { name: 'question', data: ['one?', 'two?'], type: 'STRING' as const },
      { name: 'answer', data: [1n, 20n], type: 'INT64' as const },
    ];
    await write('a.parquet', new Uint8Array(parquetWriteBuffer({ columnData })));
    const source = await load({
      test: 'a.parquet',
      prompt: 'question',
      reference: 'answer',
      chat: false,
      template: 'Q: {prompt}',
    });
    expect(source.task('test', 1)).toMatchObject({ prompt: 'Q: two?', reference: '20' });
    expect(source.task('test', 1).metadata['where']).toBe('a.parquet row 2');
  });

  it('joins fields, takes the reference after its marker, and keeps dollar signs in a question', async () => {
    await write(
      'b.jsonl',
      JSON.stringify({ body: 'It costs $& or $1.', ask: 'How much?', answer: 'First 1.\n#### 1,200' }),
    );
    const source = await load({
      test: 'b.jsonl',
      prompt: ['body', 'ask'],
      reference: 'answer',
      referenceAfter: '####',
      system: 'Be brief.',
    });
    const task = source.task('test', 0);
    expect(task).toMatchObject({ reference: '1,200', solution: 'First 1.\n#### 1,200' });
    expect(task.prompt).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: 'It costs $& or $1. How much?\nThink step by step. End with #### and the answer alone.',
      },
    ]);
    expect(await source.judge('so #### 1200', task)).toMatchObject({ outcome: 'correct', score: 1, extracted: '1200' });
    expect(await source.judge(task.solution ?? '', task)).toMatchObject({ outcome: 'correct' });
  });

  it('takes chat messages as they are', async () => {
    const messages = [
      { role: 'system', content: 'You add.' },
      { role: 'user', content: '1+1?' },
    ];
    await write('chat.jsonl', JSON.stringify({ prompt: messages, reference: '2' }));
    expect((await load({ test: 'chat.jsonl' })).task('test', 0).prompt).toEqual(messages);
    await write('badchat.jsonl', JSON.stringify({ prompt: [{ role: 'robot', content: 'x' }], reference: '2' }));
    expect(await messageOf(load({ test: 'badchat.jsonl' }))).toBe(
      'badchat.jsonl:1: chat messages must have a role (system, user, assistant) and a content, got {"role":"robot","content":"x"}; mend the row',
    );
  });

  it('holds out an eighth of one file by the text of its questions, whatever their order', async () => {
    await write('many.jsonl', rows(800));
    await write('reversed.jsonl', rows(800).split('\n').reverse().join('\n'));
    const prompts = (source: TaskSource, split: 'train' | 'test'): string[] =>
      Array.from({ length: source.size(split) }, (_, i) => JSON.stringify(source.task(split, i).prompt)).sort();
    const [a, b] = [await load({ train: 'many.jsonl' }), await load({ train: 'reversed.jsonl' })];
    expect(a.size('train') + a.size('test')).toBe(800);
    // Five standard deviations of a binomial count with n = 800, p = 1/8.
    expect(Math.abs(a.size('test') - 100)).toBeLessThan(5 * Math.sqrt((800 * 7) / 64));
    expect(prompts(a, 'test')).toEqual(prompts(b, 'test'));
    expect(prompts(a, 'train').filter((prompt) => prompts(a, 'test').includes(prompt))).toEqual([]);
  });

  it('never trains on a question that stands in the test file, too', async () => {
    await write('train.jsonl', rows(30));
    await write('test.jsonl', rows(10, 25));
    const source = await load({ train: 'train.jsonl', test: 'test.jsonl' });
    expect([source.size('train'), source.size('test')]).toEqual([25, 10]);
  });

  it.each<[string, string, string]>([
    [
      'cut.jsonl',
      `${rows(2)}\n{"prompt": "x", "refer`,
      'cut.jsonl:3: every line must be a JSON object, got text that is not JSON: {"prompt": "x", "refer; mend the line',
    ],
    ['list.jsonl', '[1,2]', 'list.jsonl:1: every line must be a JSON object, got [1,2]; mend the line'],
    ['empty.jsonl', '\n\n', 'empty.jsonl: must hold at least one row, got an empty file; fill it'],
    [
      'field.jsonl',
      '{"promt":"x","reference":1}',
      'field.jsonl:1: must have a field "prompt", got promt, reference; set the name of the field or mend the row',
    ],
    [
      'null.jsonl',
      '{"prompt":"x","reference":null}',
      'null.jsonl:1: field reference must be text or a number, got null; mend the row',
    ],
    ['blank.jsonl', '{"prompt":"  ","reference":1}', 'blank.jsonl:1: field prompt must not be empty; mend the row'],
    ['data.csv', 'a,b', 'data.csv: must end in .jsonl, .ndjson, .parquet, got .csv; write it in one of these forms'],
  ])('%s is refused in one line', async (name, content, message) => {
    await write(name, content);
    expect(await messageOf(load({ test: name }))).toBe(message);
  });

  it('refuses a missing file, a folder, a broken Parquet file and a missing marker', async () => {
    expect(await messageOf(load({ test: 'none.jsonl' }))).toBe(
      'none.jsonl: must be a readable file, got ENOENT; check the path',
    );
    await write('broken.parquet', 'PAR1 not at all');
    expect(await messageOf(load({ test: 'broken.parquet' }))).toMatch(
      /^broken.parquet: must be a Parquet file, got .+; write it anew$/,
    );
    await write('unmarked.jsonl', '{"prompt":"x","reference":"12"}');
    expect(await messageOf(load({ test: 'unmarked.jsonl', referenceAfter: '####' }))).toMatch(
      /^unmarked.jsonl:1: field reference must have an answer after ####, got none/,
    );
    expect(await messageOf(load({}))).toMatch(/^task file: must name a file as train or test/);
  });
});

describe('judges of file tasks', () => {
  const only = async (settings: Record<string, unknown>): Promise<[TaskSource, Task]> => {
    const source = await load({ test: 'judged.jsonl', template: '{prompt}', ...settings });
    return [source, source.task('test', 0)];
  };

  it('may be a verifier by name, with references that are lists', async () => {
    await write('judged.jsonl', '{"prompt":"colour?","reference":["red","rouge"]}');
    const [source, task] = await only({ judge: 'exact' });
    expect(task.reference).toBe('["red","rouge"]');
    expect(await source.judge(' rouge', task)).toMatchObject({ outcome: 'correct', score: 1 });
    expect(await source.judge('vert', task)).toMatchObject({ outcome: 'incorrect', score: 0 });
    await source.close?.();
    expect(await messageOf(only({}))).toMatch(/field reference must be text or a number, got \["red","rouge"\]/);
  });

  it('may be a function of the caller, stopped by force when it does not end', async () => {
    await write('judged.jsonl', '{"prompt":"x","reference":{"least":3}}');
    const code = [
      'export function longEnough(response, reference, options) {',
      '  if (response === "hang") for (;;);',
      '  if (response === "throw") throw new Error("no");',
      '  return response.length * options.scale >= reference.least;',
      '}',
    ];
    await write('judge.mjs', code.join('\n'));
    const judge = { module: 'judge.mjs', export: 'longEnough' };
    const [source, task] = await only({ judge, judgeOptions: { scale: 1 }, deadlineMs: 300 });
    expect(await source.judge('abc', task)).toMatchObject({ outcome: 'correct' });
    expect(await source.judge('ab', task)).toMatchObject({ outcome: 'incorrect' });
    const started = performance.now();
    expect(await source.judge('hang', task)).toMatchObject({ outcome: 'timeout' });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await source.judge('throw', task)).toMatchObject({ outcome: 'crashed' });
    expect(await source.judge('abcd', task)).toMatchObject({ outcome: 'correct' });
    await source.close?.();
    expect(await messageOf(only({ judge: { module: 'none.mjs' } }))).toMatch(
      /judge.module must be a JavaScript module, got none.mjs/,
    );
  });
});

describe('judgeMarkedAnswer', () => {
  it.each<[string, string, boolean]>([
    ['#### 18', '18', true],
    ['#### $18.00', '18', true],
    ['#### 1,050.50', '1050.5', true],
    ['####-3', '-3.0', true],
    ['#### 18%', '18', true],
    ['#### 18.', '18', true],
    ['#### 18\nand more', '18', true],
    ['#### 17 no #### 18', '18', true],
    ['#### 18 #### 17', '18', false],
    ['#### 18 or 19', '18', false],
    ['#### 1,8', '18', false],
    ['#### 018', '18', true],
    ['#### 1e1', '10', false],
    ['####', '18', false],
    ['18', '18', false],
    ['#### New  York.', 'new york', true],
    ['#### NaN', '18', false],
    [`#### ${'9'.repeat(5_000)}`, '18', false],
  ])('%j against %j: %j', (response, reference, right) => {
    expect(judgeMarkedAnswer(response, reference)).toMatchObject({
      outcome: right ? 'correct' : 'incorrect',
      score: right ? 1 : 0,
      parts: { answer: right ? 1 : 0 },
    });
  });

  it('reads numbers in one spelling', () => {
    expect(['-0', '0.0', '.5', '-.50', '$ 7', '1,234,567', '5.', ''].map(canonicalDecimal)).toEqual([
      '0',
      '0',
      '0.5',
      '-0.5',
      '7',
      '1234567',
      '5',
      null,
    ]);
  });
});

const shared = process.env['TOUCHSTONE_SHARED'] ?? resolve(import.meta.dirname, '../../../../../../shared');
const data = (name: string): string => join(shared, 'data', name);

describe.skipIf(!existsSync(data('gsm8k')))('GSM8K (skipped where the data folder is absent)', () => {
  it('loads both splits, and its own solutions earn the full score', async () => {
    const source = await createTaskSource('file', {
      train: data('gsm8k/train.jsonl'),
      test: data('gsm8k/test.jsonl'),
      prompt: 'question',
      reference: 'answer',
      referenceAfter: '####',
    });
    expect([source.size('train'), source.size('test')]).toEqual([7473, 1319]);
    const tasks = Array.from({ length: 1319 }, (_, i) => source.task('test', i));
    expect(tasks.filter(({ reference }) => !/^-?[\d,.]+$/.test(reference))).toEqual([]);
    const scores = async (answer: (task: Task) => string): Promise<number[]> =>
      (await Promise.all(tasks.map(async (task) => source.judge(answer(task), task)))).map(({ score }) => score);
    expect(new Set(await scores(({ solution }) => solution ?? ''))).toEqual(new Set([1]));
    expect(new Set(await scores(({ reference }) => `#### ${reference}1`))).toEqual(new Set([0]));
  });
});

describe.skipIf(!existsSync(data('svamp')))('SVAMP (skipped where the data folder is absent)', () => {
  it('loads the joined questions and numeric answers', async () => {
    const [file] = ['svamp/test.jsonl', 'svamp/test.json'].map(data).filter((path) => existsSync(path));
    const source = await createTaskSource('file', { test: file, prompt: ['Body', 'Question'], reference: 'Answer' });
    expect(source.size('test')).toBe(1000);
    const tasks = Array.from({ length: 1000 }, (_, i) => source.task('test', i));
    const verdicts = await Promise.all(
      tasks.map(async (task) => source.judge(`#### ${Number(task.reference).toFixed(1)}`, task)),
    );
    expect(verdicts.filter(({ outcome }) => outcome !== 'correct')).toEqual([]);
  });
});
