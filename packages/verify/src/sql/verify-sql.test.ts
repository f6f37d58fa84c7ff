import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SandboxPool } from '../sandbox/pool.js';
import type { Verdict } from '../verdict.js';
import { sqlFixtures } from './fixtures.js';
import type { SqlJob, SqlValue } from './job.js';
import { makeSqlPool } from './pool.js';
import { verifySql } from './verify-sql.js';

let pool: SandboxPool<SqlJob, SqlValue>;

beforeAll(() => {
  pool = makeSqlPool({ workers: 2 });
});

afterAll(() => pool.close());

const judge = (sql: string, reference: unknown, options: Record<string, unknown> = {}): Promise<Verdict> =>
  verifySql(`\`\`\`sql\n${sql}\n\`\`\``, reference, options, { pool });

const timeless = ({ elapsedMs: _, ...rest }: Verdict): Omit<Verdict, 'elapsedMs'> => rest;

const schema = 'CREATE TABLE item(id INTEGER PRIMARY KEY, kind TEXT, price REAL, sold INTEGER)';
const fixtures = [
  "INSERT INTO item VALUES (1, 'a', 2.5, 3), (2, 'b', 2.5, NULL), (3, 'a', 4, 0), (4, 'c', NULL, 7)",
  "INSERT INTO item VALUES (5, 'c', 1, 1), (6, 'b', 9, 2), (7, 'b', 9, 2)",
];
const task = (query: string): unknown => ({ schema, fixtures, query });

describe('the cases of the kind sql', () => {
  test.each(sqlFixtures)('$kind: $response', async ({ kind, response, reference, options, reason }) => {
    const verdict = await verifySql(response, reference, options, { pool });
    if (kind === 'full') expect(verdict).toMatchObject({ outcome: 'correct', score: 1 });
    else expect(verdict.score).toBe(0);
    if (kind === 'zero') expect(verdict.outcome).toBe('incorrect');
    if (reason !== undefined) expect(verdict.reason).toBe(reason);
    expect(timeless(await verifySql(response, reference, options, { pool }))).toEqual(timeless(verdict));
  });
});

describe('queries', () => {
  test.each([
    ['SELECT kind FROM item', 'SELECT kind FROM item ORDER BY id DESC', true],
    ['SELECT id, kind FROM item ORDER BY id', 'SELECT id, kind FROM item', false],
    ['SELECT MAX(price) FROM item', 'SELECT price FROM item ORDER BY price DESC LIMIT 1', true],
    ['SELECT COUNT(*) FROM item', 'SELECT COUNT(sold) FROM item', false],
    ['SELECT AVG(price) FROM item', 'SELECT SUM(price) * 1.0 / COUNT(price) FROM item', true],
    ['SELECT DISTINCT kind FROM item', 'SELECT kind FROM item GROUP BY kind', true],
    ['SELECT kind FROM item WHERE sold > 1', 'SELECT kind FROM item WHERE NOT sold <= 1', true],
    ['SELECT kind FROM item WHERE sold > 1', 'SELECT kind FROM item WHERE sold > 1 OR sold IS NULL', false],
    ['SELECT kind, price FROM item ORDER BY price', 'SELECT kind, price FROM item ORDER BY price, kind', true],
  ])('%s, answered by %s', async (query, answer, right) => {
    expect((await judge(answer, task(query))).outcome).toBe(right ? 'correct' : 'incorrect');
  });

  test('a query that is right on one fixture only is not right', async () => {
    const verdict = await judge('SELECT 4', task('SELECT COUNT(*) FROM item'));
    expect(verdict).toMatchObject({ outcome: 'incorrect', score: 0, parts: { fixtures: 0.5 } });
    expect(verdict.feedback).toBe('on fixture 2: the row (3) is missing; the row (4) should not be there');
  });

  test('a row that is first only by the accident of the scan is found out', async () => {
    const verdict = await judge('SELECT id FROM item LIMIT 1', task('SELECT MIN(id) FROM item'));
    expect(verdict.reason).toBe('other-rows');
    expect(verdict.feedback).toContain('rows scanned backward');
  });

  test('the clock stands still and random is seeded', async () => {
    const query = "SELECT DATETIME('now'), CURRENT_DATE, RANDOM(), HEX(RANDOMBLOB(4))";
    const wanted = [['2024-01-01 00:00:00', '2024-01-01']];
    const dated = { expected: { rows: wanted } };
    expect((await judge("SELECT DATETIME('now'), CURRENT_DATE", dated)).outcome).toBe('correct');
    expect((await judge(query, { query })).outcome).toBe('correct');
  });

  test('expected rows may be ordered, by each place or by keys', async () => {
    const rows = [
      [5, 'x'],
      [5, 'y'],
    ];
    const answer = "SELECT * FROM (VALUES (5, 'y'), (5, 'x'))";
    const outcome = async (ordered: unknown): Promise<string> =>
      (await judge(answer, { expected: { rows, ordered } })).outcome;
    expect([await outcome(false), await outcome(true), await outcome([0])]).toEqual([
      'correct',
      'incorrect',
      'correct',
    ]);
  });

  test('options widen or narrow what is equal', async () => {
    const reference = { query: "SELECT 1 AS id, '2' AS n" };
    const outcome = async (sql: string, options: Record<string, unknown>): Promise<string> =>
      (await judge(sql, reference, options)).outcome;
    expect(await outcome('SELECT 1, 2', {})).toBe('incorrect');
    expect(await outcome('SELECT 1, 2', { types: 'loose' })).toBe('correct');
    expect(await outcome("SELECT 1.0, '2'", { types: 'strict' })).toBe('incorrect');
    expect(await outcome("SELECT '2' AS N, 1 AS ID", { columns: 'name' })).toBe('correct');
    expect(await outcome("SELECT '2', 1", { columns: 'any-order' })).toBe('correct');
  });
});

describe('changes', () => {
  const change = { schema, fixtures, change: "DELETE FROM item WHERE kind = 'a'" };

  test('compares every table, so that more must not change than asked', async () => {
    expect((await judge("DELETE FROM item WHERE kind IN ('a')", change)).outcome).toBe('correct');
    expect((await judge("DELETE FROM item WHERE kind <= 'b'", change)).reason).toBe('other-rows');
  });

  test('what is not committed, and temporary tables, do not count', async () => {
    expect((await judge("BEGIN; DELETE FROM item WHERE kind = 'a'", change)).reason).toBe('other-rows');
    const shadowed = { ...change, change: 'CREATE TABLE x(y); DELETE FROM item', check: 'SELECT COUNT(*) FROM item' };
    expect((await judge('CREATE TEMP TABLE item AS SELECT 1 WHERE 0', shadowed)).reason).toBe('other-rows');
    expect((await judge('DELETE FROM item', shadowed)).outcome).toBe('correct');
  });

  test('a schema may change only where the reference changes it', async () => {
    expect((await judge("DELETE FROM item WHERE kind = 'a'; CREATE TABLE x(y)", change)).reason).toBe('forbidden');
    const made = { change: 'CREATE TABLE x(y)' };
    expect((await judge('CREATE TABLE x(y TEXT)', made)).outcome).toBe('correct');
    expect((await judge('CREATE TABLE z(y)', made)).reason).toBe('other-columns');
  });

  test('a check with an expected result', async () => {
    const counted = {
      schema,
      fixtures: fixtures.slice(0, 1),
      check: 'SELECT COUNT(*) FROM item',
      expected: { rows: [[2]] },
    };
    expect((await judge("DELETE FROM item WHERE kind = 'a'", counted)).outcome).toBe('correct');
    expect((await judge("DELETE FROM item WHERE kind = 'b'", counted)).outcome).toBe('incorrect');
  });
});

describe('bounds', () => {
  test('a cross join bomb ends at its limit, and the next answer is judged', async () => {
    const many = Array.from({ length: 12 }, (_, index) => `item AS t${index}`).join(', ');
    const rows = `INSERT INTO item SELECT value, 'a', 1, 1 FROM JSON_EACH('${JSON.stringify(Array.from({ length: 200 }, (_, i) => i))}')`;
    const reference = { schema, fixtures: [rows], query: 'SELECT COUNT(*) FROM item' };
    const startedMs = performance.now();
    const verdict = await judge(`SELECT COUNT(*) FROM ${many}`, reference, { wallMs: 500 });
    expect(verdict).toMatchObject({ outcome: 'timeout', reason: 'deadline', score: 0 });
    expect(performance.now() - startedMs).toBeLessThan(20_000);
    expect((await judge('SELECT COUNT(id) FROM item', reference)).outcome).toBe('correct');
  });

  test('memory that is used up is not a wrong answer', async () => {
    const reference = { query: 'SELECT 1' };
    expect(await judge('SELECT LENGTH(HEX(ZEROBLOB(200000000)))', reference)).toMatchObject({
      outcome: 'crashed',
      reason: 'memory',
    });
  });

  test('an abort rejects with its reason', async () => {
    const abort = AbortSignal.abort(new Error('enough'));
    await expect(verifySql('SELECT 1', { query: 'SELECT 1' }, {}, { pool, signal: abort })).rejects.toThrow('enough');
  });

  test('any text as SQL and any JSON as reference end in a verdict', async () => {
    const hostile = fc.array(
      fc.oneof(
        fc.string(),
        fc.constantFrom('SELECT ', 'FROM item', "'", '"', '(', ')', ';', '--', '/*', 'WITH ', 'x AS', '1 '),
      ),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(hostile, fc.option(fc.jsonValue()), async (pieces, json) => {
        const reference = json ?? task('SELECT id FROM item');
        const verdict = await judge(`SELECT ${pieces.join('')}`, reference, { wallMs: 20_000 });
        expect(['correct', 'incorrect', 'unscorable']).toContain(verdict.outcome);
      }),
      { numRuns: 60 },
    );
  });
});
