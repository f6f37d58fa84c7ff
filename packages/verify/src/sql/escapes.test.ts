import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SandboxPool } from '../sandbox/pool.js';
import { attemptSql, sqlEscapes } from './escapes.js';
import type { SqlJob, SqlValue } from './job.js';
import { makeSqlPool } from './pool.js';

let pool: SandboxPool<SqlJob, SqlValue>;

beforeAll(() => {
  pool = makeSqlPool({ workers: 2, spares: 2 });
});

afterAll(() => pool.close());

/** Milliseconds: what is to end by itself has time on a busy machine, too. */
const patience = (held: readonly string[]): number => (held.includes('timeout') ? 1000 : 20_000);

test.each(sqlEscapes)('the wall of SQL holds against $name', async (escape) => {
  const { ended, detail } = await attemptSql(escape, pool, patience(escape.held));
  expect(escape.held, detail).toContain(ended);
});

test('what one job makes is not there for the next', async () => {
  const leave = { name: 'leave', sql: 'CREATE TABLE left_behind(x)', mode: 'schema', held: ['tables'] } as const;
  expect((await attemptSql(leave, pool, 20_000)).detail).toContain('left_behind');
  const look = { name: 'look', sql: 'SELECT * FROM left_behind', held: ['error'] } as const;
  expect(await attemptSql(look, pool, 20_000)).toEqual({ ended: 'error', detail: 'no such table: left_behind' });
});

test('after the attempts a plain query is answered as before', async () => {
  const plain = { name: 'plain', sql: 'SELECT COUNT(*) FROM hundred', held: ['tables'] } as const;
  expect((await attemptSql(plain, pool, 10_000)).ended).toBe('tables');
});
