import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AttackReport } from '@touchstone/verify/hardening';
import type { CheckReport } from '../scoring/check.js';
import type { ExamReport } from '../scoring/exam.js';
import type { CliIo } from './io.js';
import { main } from './main.js';
import { sandboxChildren } from '../testing/sandbox-children.js';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'touchstone-judging-'));
  const file = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);
  await file('answers.jsonl', '{"id":1,"response":"4","reference":"4"}\n\n{"id":2,"response":"5","reference":"4"}\n');
  await file('numbers.json', '[{"response":"4","reference":4}]');
  await file('gold.jsonl', '{"answer":"work\\n#### 12","question":"6+6?"}\n{"answer":"no mark","question":"?"}\n');
  await file(
    'own.mjs',
    'export const contains = (response, reference) => response.includes(reference);\nexport const loop = () => { for (;;); };\nexport const last = (response) => { while (response === "5"); return true; };\n',
  );
  await file(
    'exam.json',
    JSON.stringify([
      {
        id: 'a',
        instruction_id: 'punctuation:no_comma',
        kwargs: {},
        response: 'no comma',
        expected: true,
        source: 's',
      },
      {
        id: 'b',
        instruction_id: 'punctuation:no_comma',
        kwargs: {},
        response: 'a, comma',
        expected: true,
        source: 's',
      },
      { id: 'c', instruction_id: 'punctuation:no_comma', kwargs: {}, response: 'none', expected: false, source: 's' },
      {
        id: 'd',
        instruction_id: 'punctuation:no_comma',
        kwargs: {},
        response: 'x, y',
        expected: true,
        notes: 'policy: odd',
      },
    ]),
  );
  await file('broken.jsonl', '{"response":"4","reference":"4"}\n{"response": \n');
});

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const io: CliIo = {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    columns: undefined,
    colour: false,
    directory,
    onInterrupt: () => () => undefined,
    exit: () => undefined,
  };
  return { code: await main(argv, io), out, err };
}

describe('touchstone verify', () => {
  it('judges one response', async () => {
    const { code, out } = await run('verify', 'exact', '--response', '4', '--reference', '4', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'correct', score: 1, extracted: '4', reason: 'equal' });
    expect((await run('verify', 'exact', '--response', '5', '--reference', '4')).out).toMatch(
      /^incorrect \(different\), score 0, /,
    );
  });

  it('judges a file, and writes the rows with their verdicts', async () => {
    const { out } = await run('verify', 'exact', '--file', 'answers.jsonl', '--out', 'judged.jsonl', '--json');
    expect(JSON.parse(out)).toEqual({ rows: 2, outcomes: { correct: 1, incorrect: 1 }, meanScore: 0.5 });
    const rows = (await readFile(join(directory, 'judged.jsonl'), 'utf8')).trim().split('\n');
    expect(rows.map((row) => JSON.parse(row) as unknown)).toMatchObject([
      { id: 1, verdict: { outcome: 'correct' } },
      { id: 2, verdict: { outcome: 'incorrect' } },
    ]);
  });

  it('writes each verdict as soon as those before it are there, whatever the next ones take', async () => {
    const judging = run(
      'verify',
      'own.mjs#last',
      '--file',
      'answers.jsonl',
      '--out',
      'growing.jsonl',
      '--deadline',
      '6000',
    );
    const file = join(directory, 'growing.jsonl');
    await expect.poll(() => readFile(file, 'utf8').catch(() => ''), { timeout: 5000 }).toMatch(/"id":1.*correct.*\n$/);
    const { err } = await judging;
    expect(err).toBe('');
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(2);
  });

  it('leaves the verdicts of an earlier run where the verifier does not load', async () => {
    await run('verify', 'exact', '--file', 'answers.jsonl', '--out', 'kept.jsonl');
    const before = await readFile(join(directory, 'kept.jsonl'), 'utf8');
    const { code, err } = await run('verify', 'own.mjs#absent', '--file', 'answers.jsonl', '--out', 'kept.jsonl');
    expect([code, err]).toEqual([2, expect.stringMatching(/has the export/)]);
    expect(await readFile(join(directory, 'kept.jsonl'), 'utf8')).toBe(before);
  });

  it('runs a verifier of the caller, and ends it at the deadline', async () => {
    expect((await run('verify', 'own.mjs#contains', '--response', 'it is 4', '--reference', '4')).out).toMatch(
      /^correct/,
    );
    const { out } = await run(
      'verify',
      'own.mjs#loop',
      '--response',
      '',
      '--reference',
      '',
      '--deadline',
      '50',
      '--json',
    );
    expect(JSON.parse(out)).toMatchObject({ outcome: 'timeout', reason: 'deadline' });
  });

  it('says what could not be scored, and leaves it out of the mean', async () => {
    const { out } = await run('verify', 'exact', '--file', 'numbers.json', '--json');
    expect(JSON.parse(out)).toEqual({ rows: 1, outcomes: { unscorable: 1 }, meanScore: null });
  });

  it.each([
    [['verify', 'exat', '--response', '', '--reference', ''], /got exat; did you mean exact\?/],
    [['verify', 'exact', '--response', '4'], /must be given --reference/],
    [['verify', 'exact', '--file', 'nothing.jsonl'], /nothing\.jsonl: must be a readable file, got ENOENT/],
    [['verify', 'exact', '--file', 'broken.jsonl'], /broken\.jsonl:2: every line must be a JSON object/],
    [['verify', 'exact', '--file', 'answers.jsonl', '--reference-field', 'referense'], /did you mean reference\?/],
    [['verify', 'exact', '--response', '', '--reference', '', '--options', '{'], /--options: must be JSON/],
    [
      ['verify', 'exact', '--response', '', '--reference', '', '--deadline', 'soon'],
      /must be a positive number, got soon/,
    ],
    [['verify', 'own.mjs#', '--response', '', '--reference', ''], /must be written file\.mjs#export/],
    [['exam', 'nowhere'], /must be a file or folder, got ENOENT/],
    [['exam', 'answers.jsonl'], /answers\.jsonl:1: must have a field expected/],
    [['rescore', '.', 'exact'], /rollouts must be a folder of rollouts, got ENOENT/],
    [['check', 'exact', 'gold.jsonl', '--form', 'bold'], /must be one of plain, boxed, .* got bold/],
    [['attack', 'exact'], /must be given right answers, got none/],
    [['serve', 'rewards', '--module', 'own.mjs#loop'], /must be name=file\.mjs#export/],
    [['serve', 'rewards', '--port', '70000'], /must be a port from 0 to 65535/],
  ])('%j is one clear line and exit code 2', async (argv, line) => {
    const { code, err } = await run(...argv);
    expect(code).toBe(2);
    expect(err).toMatch(line);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});

describe('touchstone exam', () => {
  it('counts false positives and negatives, policy rows aside', async () => {
    const { code, out } = await run('exam', 'exam.json', '--json');
    expect(code).toBe(0);
    const { files } = JSON.parse(out) as { files: ExamReport[] };
    expect(files).toHaveLength(1);
    expect(files[0]).toMatchObject({ file: 'exam.json', rows: 4, policyRows: 1, falsePositives: 1, falseNegatives: 1 });
    expect(files[0]?.accuracy).toBeCloseTo(1 / 3);
    expect(files[0]?.misses.map(({ id }) => id)).toEqual(['b', 'c']);
    expect(files[0]?.maxMs).toBeGreaterThanOrEqual(files[0]?.p50Ms ?? Infinity);
  });

  it('prints a page, and fails below a floor', async () => {
    const { code, out, err } = await run('exam', 'exam.json', '--at-least', '0.9');
    expect(out).toMatch(
      /^exam\.json: 33\.3 % of 3 rows and 1 of policy\n {2}false positives 1, false negatives 1; p50 /,
    );
    expect(out).toMatch(/b: right but incorrect \(not-followed\)/);
    expect(code).toBe(1);
    expect(err).toMatch(/accuracy must be at least 0\.9, got less in exam\.json/);
  });
});

describe('touchstone check', () => {
  it('lists the gold answers that do not earn full marks', async () => {
    const { code, out, err } = await run(
      'check',
      'exact',
      'gold.jsonl',
      '--reference-field',
      'answer',
      '--reference-after',
      '####',
      '--solution-field',
      'answer',
      '--json',
    );
    const report = JSON.parse(out) as CheckReport;
    expect(report).toMatchObject({ rows: 2, tried: 2, failed: 2 });
    expect(report.failures[0]).toMatchObject({ form: 'solution', outcome: 'incorrect', reference: '12' });
    expect(code).toBe(1);
    expect(err).toMatch(/got 2 that do not/);
  });

  it('tries each form asked for', async () => {
    const argv = ['check', 'exact', 'answers.jsonl', '--form', 'plain', '--form', 'boxed'];
    const { out } = await run(...argv);
    expect(out).toMatch(/answers\.jsonl:1 \(boxed\): incorrect 0 \(different\), took \\boxed\{4\}, reference "4"/);
    expect(out).toMatch(/as expected: 2 of 4 \(50\.0 %\) answers of 2 rows/);
    expect((await run('check', 'exact', 'answers.jsonl')).code).toBe(0);
  });
});

describe('an empty file', () => {
  it.each([
    ['check', 'exact', 'empty.jsonl'],
    ['verify', 'exact', '--file', 'empty.jsonl'],
    ['exam', 'empty.jsonl'],
    ['attack', 'exact', '--file', 'empty.jsonl'],
  ])('is refused by %s, for nothing can be said of no rows', async (...command) => {
    await writeFile(join(directory, 'empty.jsonl'), '\n');
    const { code, out, err } = await run(...command);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/empty\.jsonl: must hold at least one row, got none; fill it/);
  });
});

describe('touchstone check without a file', () => {
  it('judges the cases that a verifier ships', async () => {
    const { code, out } = await run('check', 'math');
    expect(out).toMatch(/^as expected: (\d+) of \1 \(100\.0 %\)/);
    expect(code).toBe(0);
    expect((await run('check', 'own.mjs#contains')).err).toMatch(/ships no cases; give a file/);
  });
});

describe('kinds that execute', { timeout: 60_000 }, () => {
  it('ship cases, judge files and sit exams like the others, and leave no process behind', async () => {
    const reference = { fixtures: ['CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)'], query: 'SELECT a FROM t' };
    const rows = [
      { response: 'SELECT a + 0 FROM t', reference, expected: true },
      { response: 'SELECT a FROM t LIMIT 1', reference: JSON.stringify(reference), expected: false },
    ];
    await writeFile(join(directory, 'sql.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    const verified = await run('verify', 'sql', '--file', 'sql.jsonl', '--json');
    expect(JSON.parse(verified.out)).toEqual({ rows: 2, outcomes: { correct: 1, incorrect: 1 }, meanScore: 0.5 });
    const { files } = JSON.parse((await run('exam', 'sql.jsonl', '--kind', 'sql', '--json')).out) as {
      files: ExamReport[];
    };
    expect(files[0]).toMatchObject({ rows: 2, accuracy: 1, falsePositives: 0, falseNegatives: 0 });
    const checked = await run('check', 'sql', 'sql.jsonl', '--solution-field', 'response');
    expect(checked.code).toBe(1);
    expect(checked.out).toMatch(/sql\.jsonl:2 \(solution\): incorrect 0 \(other-rows\)/);
    expect((await run('check', 'sql')).out).toMatch(/^as expected: (\d+) of \1 \(100\.0 %\)/);
    expect(await sandboxChildren()).toEqual([]);
  });

  it('refuse the deadline of threads, which is not for them', async () => {
    const { code, err } = await run('verify', 'verilog', '--response', '', '--reference', '', '--deadline', '50');
    expect(code).toBe(2);
    expect(err).toMatch(/--deadline: must be left out for verilog, .* write --options '\{"timeoutMs":50\}'/);
  });
});

describe('touchstone attack', () => {
  it('reports what fools a verifier', async () => {
    const fooled = await run('attack', 'own.mjs#contains', '--reference', '42', '--json');
    const report = JSON.parse(fooled.out) as AttackReport;
    expect(report.categories.flooding?.rate).toBe(1);
    expect(report.categories.empty?.rate).toBe(0);
    const page = await run(
      'attack',
      'exact',
      '--file',
      'gold.jsonl',
      '--reference-field',
      'answer',
      '--question-field',
      'question',
    );
    expect(page.out).toMatch(/^accepted 0 of \d+ \(0\.0 %\) responses that are never right; right answers: 2/);
    expect(page.out).toMatch(/copied-question {3}0 of 4/);
    expect(page.out).toMatch(/fooled by none of them/);
  });
});
