import { defaultLimits, type SandboxReport } from '../sandbox/backend.js';
import type { SandboxPool } from '../sandbox/pool.js';
import type { SqlMode } from './gate.js';
import type { SqlJob, SqlValue } from './job.js';

/** A text that tries to leave the wall of SQL, or to cost more than its limits. */
export interface SqlEscape {
  readonly name: string;
  readonly sql: string;
  readonly mode?: SqlMode;
  /** The ways in which the attempt may end when the wall holds. */
  readonly held: readonly SqlEnding[];
}

/** How a job ended: as a refusal, as each kind of `SqlRun`, or as its process did. */
export type SqlEnding = 'refused' | 'tables' | 'error' | 'memory' | 'too-large' | 'timeout' | 'crashed';

const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)';
const crossed = Array.from({ length: 12 }, (_, index) => `hundred AS t${index}`).join(', ');
const nested = (open: string, close: string, count: number): string =>
  `SELECT ${open.repeat(count)}1${close.repeat(count)}`;

/** Attempts on `sqlEscapeSetup`. */
export const sqlEscapes: readonly SqlEscape[] = [
  { name: 'ATTACH of a host file', sql: "ATTACH DATABASE '/etc/passwd' AS host", held: ['refused'] },
  { name: 'ATTACH behind a comment', sql: "/* SELECT */ -- x\n ATTACH '/etc/passwd' AS host", held: ['refused'] },
  { name: 'ATTACH behind a query', sql: "SELECT 1; ATTACH '/etc/passwd' AS host", held: ['refused'] },
  { name: 'ATTACH in a script', mode: 'schema', sql: "DELETE FROM hundred; ATTACH 'x' AS y", held: ['refused'] },
  { name: 'ATTACH behind a zero byte', sql: "SELECT 1 \0; ATTACH 'x' AS y", held: ['refused'] },
  { name: 'EXPLAIN of ATTACH', sql: "EXPLAIN ATTACH 'x' AS y", held: ['refused'] },
  { name: 'DETACH', sql: 'DETACH main', held: ['refused'] },
  { name: 'VACUUM INTO a host file', mode: 'schema', sql: "VACUUM INTO '/tmp/escaped.db'", held: ['refused'] },
  { name: 'PRAGMA that lifts read-only', sql: 'PRAGMA query_only = OFF', held: ['refused'] },
  {
    name: 'PRAGMA that lowers the heap of later jobs',
    mode: 'data',
    sql: 'PRAGMA hard_heap_limit = 1',
    held: ['refused'],
  },
  { name: 'PRAGMA temp_store_directory', mode: 'schema', sql: "PRAGMA temp_store_directory = '/'", held: ['refused'] },
  { name: 'load_extension', sql: "SELECT load_extension('/tmp/escape.so')", held: ['refused', 'error'] },
  { name: 'load_extension in quotes', sql: `SELECT "load_extension"('/tmp/escape.so')`, held: ['refused', 'error'] },
  { name: 'readfile', sql: "SELECT readfile('/etc/passwd')", held: ['refused', 'error'] },
  { name: 'writefile', sql: "SELECT writefile('/tmp/escaped', 'x')", held: ['refused', 'error'] },
  { name: 'fts3_tokenizer', sql: "SELECT fts3_tokenizer('simple', x'41414141')", held: ['refused', 'error'] },
  {
    name: 'a virtual table over a host file',
    mode: 'schema',
    sql: "CREATE VIRTUAL TABLE host USING csv(filename = '/etc/passwd')",
    held: ['refused'],
  },
  { name: 'writing where only reading is allowed', sql: 'WITH x AS (SELECT 1) DELETE FROM hundred', held: ['error'] },
  { name: 'changing the list of tables', mode: 'schema', sql: 'DELETE FROM sqlite_schema', held: ['error'] },
  { name: 'the state of an earlier job', sql: 'SELECT * FROM left_behind', held: ['error'] },
  {
    name: 'a cross join of 10^24 rows',
    sql: `WITH x AS (SELECT 1 FROM ${crossed}) SELECT COUNT(*) FROM x`,
    held: ['timeout'],
  },
  { name: 'a recursion without end', sql: `${endless} SELECT COUNT(*) FROM n`, held: ['timeout', 'memory'] },
  { name: 'rows without end', sql: `${endless} SELECT i FROM n`, held: ['too-large', 'timeout'] },
  {
    name: 'a text that doubles without end',
    sql: "WITH RECURSIVE n(s) AS (SELECT 'xxxxxxxx' UNION ALL SELECT s || s FROM n) SELECT MAX(LENGTH(s)) FROM n",
    held: ['memory', 'error', 'timeout', 'crashed'],
  },
  { name: 'a blob of a gigabyte', sql: 'SELECT HEX(ZEROBLOB(900000000))', held: ['memory', 'error'] },
  { name: 'many large rows', sql: `${endless} SELECT ZEROBLOB(1000000) FROM n`, held: ['too-large', 'memory'] },
  {
    name: 'a pattern that backtracks',
    sql: `SELECT PRINTF('%.*c', 40000, 'a') LIKE '${'%a'.repeat(2000)}%b'`,
    held: ['timeout', 'tables', 'error'],
  },
  {
    name: 'a table that grows without end',
    mode: 'data',
    sql: `${endless} INSERT INTO hundred SELECT i FROM n`,
    held: ['timeout', 'memory', 'crashed'],
  },
  {
    name: 'a trigger that calls itself',
    mode: 'schema',
    sql: `CREATE TRIGGER again AFTER INSERT ON hundred BEGIN INSERT INTO hundred VALUES (NEW.i + 1); END;
      INSERT INTO hundred VALUES (1)`,
    held: ['error', 'tables', 'timeout', 'memory'],
  },
  { name: 'parentheses ten thousand deep', sql: nested('(', ')', 10_000), held: ['error', 'memory'] },
  { name: 'sub-queries five thousand deep', sql: nested('(SELECT ', ')', 5_000), held: ['error', 'memory'] },
];

/** The database that attempts start from: a table `hundred` of the numbers 1 to 100. */
export const sqlEscapeSetup = `CREATE TABLE hundred(i INTEGER);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO hundred SELECT i FROM n`;

/** Runs an attempt: how it ended, and what the wall said or which tables it left. */
export async function attemptSql(
  { sql, mode = 'query' }: SqlEscape,
  pool: SandboxPool<SqlJob, SqlValue>,
  wallMs = 1000,
): Promise<{ readonly ended: SqlEnding; readonly detail: string }> {
  const job: SqlJob = { setups: [sqlEscapeSetup], sql, mode, checks: null, maxRows: 2000 };
  return endingOf(await pool.run(job, { ...defaultLimits, wallMs, memoryMb: 128 }));
}

function endingOf(report: SandboxReport<SqlValue>): { readonly ended: SqlEnding; readonly detail: string } {
  if (report.ended !== 'finished') return { ended: report.ended, detail: report.detail };
  if (report.value.kind === 'refused') return { ended: 'refused', detail: report.value.refusal.message };
  const last = report.value.runs.at(-1);
  if (last === undefined) return { ended: 'crashed', detail: 'no run' };
  return {
    ended: last.kind,
    detail: last.kind === 'tables' ? JSON.stringify(last.tables.map(({ name }) => name)) : last.message,
  };
}
