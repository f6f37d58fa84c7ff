import { afterAll, describe, expect, test } from 'vitest';
import { closeExecuted, executedKinds, isExecutedKind, runExecuted } from './executed.js';
import { executedFixtures } from './kinds/executed-fixtures.js';
import { VerifierPool } from './runner/pool.js';
import type { Verdict } from './verdict.js';

/** A cold start of an interpreter on a busy machine, and every case of a kind twice. */
const PATIENCE_MS = 120_000;

const pool = new VerifierPool({ workers: 1 });
afterAll(async () => {
  await pool.close();
  await closeExecuted();
});

const timeless = ({ elapsedMs: _, ...rest }: Verdict): Omit<Verdict, 'elapsedMs'> => rest;

const hostile = [
  '',
  '```',
  '```sql',
  '\u0000\ud800',
  '<svg',
  'module',
  'def ',
  '<think>',
  'import os; '.repeat(5000),
  '('.repeat(20_000),
];

describe.each(executedKinds)('the kind %s', (kind) => {
  const fixtures = executedFixtures[kind];

  test('ships cases of every kind', () => {
    expect(new Set(fixtures.map((fixture) => fixture.kind))).toEqual(new Set(['full', 'zero', 'malformed']));
  });

  test('judges its cases as they say, the same way twice', { timeout: PATIENCE_MS }, async () => {
    const jobs = fixtures.map(({ response, reference, options = {} }) => ({
      ...{ verifier: kind, response, reference, options },
    }));
    const [verdicts, again] = [await pool.runAll(jobs), await pool.runAll(jobs)];
    const outcomes = { full: 'correct', zero: 'incorrect' } as const;
    for (const [index, { kind: wanted, response, reason }] of fixtures.entries()) {
      const verdict = verdicts[index] as Verdict;
      expect(verdict.score, response).toBe(wanted === 'full' ? 1 : 0);
      if (wanted !== 'malformed') expect(verdict.outcome, response).toBe(outcomes[wanted]);
      expect(verdict.reason, response).toBe(reason ?? verdict.reason);
      expect(timeless(again[index] as Verdict), response).toEqual(timeless(verdict));
    }
  });

  test('reads a reference that comes as JSON text', { timeout: PATIENCE_MS }, async () => {
    const structured = fixtures
      .filter((fixture) => fixture.kind === 'full' && typeof fixture.reference === 'object')
      .slice(0, 2);
    expect(structured).not.toEqual([]);
    const jobs = structured.map(({ response, reference, options = {} }) => ({
      ...{ verifier: kind, response, reference: JSON.stringify(reference), options },
    }));
    for (const [index, verdict] of (await pool.runAll(jobs)).entries()) {
      expect(verdict, structured[index]?.response).toMatchObject({ outcome: 'correct', score: 1 });
    }
  });

  test('hostile texts and references of any shape end in a verdict', { timeout: PATIENCE_MS }, async () => {
    const [task] = fixtures;
    const jobs = hostile.map((response) => ({ verifier: kind, response, reference: task?.reference }));
    const references = [null, 7, '', [], {}, { code: 1 }, { tests: [{}] }, { query: '' }];
    const shapes = references.map((reference) => ({ verifier: kind, response: task?.response ?? '', reference }));
    const verdicts = await pool.runAll([...jobs, ...shapes]);
    for (const { score, reason } of verdicts) {
      expect(score).toBe(0);
      expect(reason).toMatch(/^[a-z][a-z-]*$/);
    }
    for (const { outcome } of verdicts.slice(jobs.length)) expect(outcome).toBe('unscorable');
  });

  test('a signal ends a job, and closing ends the processes until the next use', { timeout: PATIENCE_MS }, async () => {
    const [{ response, reference } = { response: '', reference: null }] = fixtures;
    const job = { verifier: kind, response, reference };
    const ending = new AbortController();
    const aborted = runExecuted(kind, job, ending.signal);
    ending.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await closeExecuted();
    expect(await runExecuted(kind, job)).toMatchObject({ outcome: 'correct' });
  });
});

test('a pool that is closed gives up its jobs of executed kinds', { timeout: PATIENCE_MS }, async () => {
  const own = new VerifierPool({ workers: 1 });
  const endless = '```python\ndef half(n):\n    while True: pass\n```';
  const reference = { function: 'half', tests: [{ args: [4], expected: 2 }] };
  const verdict = own.run({ verifier: 'code', response: endless, reference, options: { wallMs: 60_000 } });
  expect(own.state).toMatchObject({ running: 1, waiting: 0 });
  await own.close();
  expect(await verdict).toMatchObject({ outcome: 'crashed', reason: 'pool-closed' });
});

test('names are kinds only when they are registered', () => {
  expect(['code', 'toString', 'math', 7].map(isExecutedKind)).toEqual([true, false, false, false]);
});
