/**
 * SQLite in WebAssembly (sql.js) as a backend of a sandbox: each job gets an instance of its own with nothing of earlier
 * jobs in it, each fixture a database of its own in memory. There is no file system beyond that memory, no network and no
 * extension. The clock stands still and `random` is seeded, so a job gives the same result whenever it runs.
 *
 * Inside, SQLite's heap and the size of the database are bounded; running time is bounded by the pool, which kills.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import initSqlJs, { type Database, type SqlJsStatic, type Statement } from 'sql.js';
import type { SandboxLimits } from '../sandbox/backend.js';
import { wasm, type WasmImports, type WasmModule } from '../sandbox/wasm.js';
import { refuse } from './gate.js';
import type { SqlJob, SqlRun, SqlValue } from './job.js';
import type { SqlCell, SqlRow, SqlTable } from './table.js';

/** What CURRENT_TIMESTAMP and 'now' read: 2024-01-01 00:00:00 UTC. */
export const sqlClockMs = Date.UTC(2024, 0, 1);

/** Bytes of all texts and blobs of one table. */
const MAX_TABLE_BYTES = 8 << 20;

/** Share of a job's memory that SQLite may use itself, so that it says `out of memory` before the process is killed. */
const HEAP_SHARE = 0.75;

const PAGE_BYTES = 4096;

/** `get` as it is: with `useBigInt` an INTEGER comes as a bigint and a REAL as a number. The typings lack it. */
interface BigIntStatement {
  get(params: null, config: { useBigInt: true }): SqlCell[];
}

/** Images of databases that setups made, by the text of the setup; the oldest goes first. */
const images = new Map<string, Uint8Array>();
const MAX_IMAGES = 16;

class ResultTooLargeError extends Error {
  override readonly name = 'ResultTooLargeError';
}

let sqliteModule: WasmModule | undefined;

export async function prepare(): Promise<void> {
  const file = createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm');
  sqliteModule ??= await wasm.compile(readFileSync(file));
  await freshSqlite();
}

export async function run(job: SqlJob, limits: SandboxLimits): Promise<SqlValue> {
  const refusal = refuse(job.sql, job.mode);
  if (refusal !== null) return { kind: 'refused', refusal };
  const runs: SqlRun[] = [];
  const now = Date.now;
  Date.now = () => sqlClockMs;
  try {
    for (const setup of job.setups) {
      for (const backward of [false, true]) {
        const result = await runOnce(job, setup, backward, limits);
        runs.push(result);
        if (result.kind !== 'tables') return { kind: 'ran', runs };
      }
    }
  } finally {
    Date.now = now;
  }
  return { kind: 'ran', runs };
}

async function runOnce(job: SqlJob, setup: string, backward: boolean, limits: SandboxLimits): Promise<SqlRun> {
  let where: 'setup' | 'statement' | 'check' = 'setup';
  try {
    const image = await imageOf(setup, limits);
    const sqlite = await freshSqlite();
    let db = openBounded(sqlite, image, limits);
    if (backward) db.run('PRAGMA reverse_unordered_selects = ON');
    where = 'statement';
    if (job.mode === 'query') {
      db.run('PRAGMA query_only = ON');
      return { kind: 'tables', tables: [readQuery(db, job.sql, job.maxRows)] };
    }
    runScript(db, job.sql);
    rollBack(db);
    // Read back from the image: what was not committed is gone, and so are temporary tables that stand before real ones.
    db = openBounded(await freshSqlite(), db.export(), limits);
    db.run('PRAGMA query_only = ON');
    where = 'check';
    const tables = job.checks?.map((check) => readQuery(db, check, job.maxRows)) ?? readDatabase(db, job.maxRows);
    return { kind: 'tables', tables };
  } catch (thrown) {
    if (thrown instanceof ResultTooLargeError) return { kind: 'too-large', message: thrown.message };
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (/^out of memory|memory access out of bounds|^database or disk is full/.test(message))
      return { kind: 'memory', where, message };
    return { kind: 'error', where, message: message.slice(0, 500) };
  }
}

/** An instance with memory, files and random state of its own; about a millisecond. */
function freshSqlite(): Promise<SqlJsStatic> {
  const compiled = sqliteModule;
  if (compiled === undefined) throw new Error('sql backend: prepare must come first, got run; call prepare');
  return initSqlJs({
    instantiateWasm: (imports: unknown, receive) => {
      const instance = new wasm.Instance(compiled, imports as WasmImports);
      receive(instance);
      return instance.exports;
    },
  });
}

async function imageOf(setup: string, limits: SandboxLimits): Promise<Uint8Array> {
  const known = images.get(setup);
  if (known !== undefined) return known;
  const db = openBounded(await freshSqlite(), null, limits);
  runScript(db, setup);
  const image = db.export();
  const [oldest] = images.keys();
  if (images.size >= MAX_IMAGES && oldest !== undefined) images.delete(oldest);
  images.set(setup, image);
  return image;
}

function openBounded(sqlite: SqlJsStatic, image: Uint8Array | null, { memoryMb }: SandboxLimits): Database {
  const db = new sqlite.Database(image);
  const bytes = Math.floor(memoryMb * HEAP_SHARE * 2 ** 20);
  // Sorters and temporary tables would spill to files, which no heap limit counts.
  db.run(`PRAGMA temp_store = MEMORY; PRAGMA journal_mode = MEMORY; PRAGMA hard_heap_limit = ${bytes};
    PRAGMA max_page_count = ${Math.ceil(bytes / 2 / PAGE_BYTES)}; PRAGMA trusted_schema = OFF`);
  seedRandom(db);
  return db;
}

/** `random` and `randomblob` as functions of how often they were called. */
function seedRandom(db: Database): void {
  let state = 0x9e3779b9;
  const draw = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return mixed ^ (mixed >>> 14);
  };
  db.create_function('random', draw);
  db.create_function('randomblob', (count: number) => {
    const length = Math.max(1, Math.floor(Number(count)) || 1);
    if (length > MAX_TABLE_BYTES) throw new RangeError(`at most ${MAX_TABLE_BYTES} bytes, got ${length}`);
    return Uint8Array.from({ length }, () => draw() & 0xff);
  });
}

function runScript(db: Database, sql: string): void {
  for (const statement of db.iterateStatements(sql)) while (statement.step());
}

/** Ends a transaction that the script left open, as closing the connection would. */
function rollBack(db: Database): void {
  try {
    db.run('ROLLBACK');
  } catch {
    // No transaction is open.
  }
}

function readQuery(db: Database, sql: string, maxRows: number): SqlTable {
  const all = db.iterateStatements(sql);
  const { value, done } = all.next();
  if (done === true || value === undefined) throw new Error('no statement');
  return readRows(value, maxRows);
}

function readDatabase(db: Database, maxRows: number): SqlTable[] {
  const listed =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
  return readQuery(db, listed, maxRows).rows.map(([name]) => {
    const quoted = `"${String(name).replaceAll('"', '""')}"`;
    return { name: String(name), ...readQuery(db, `SELECT * FROM ${quoted}`, maxRows) };
  });
}

function readRows(statement: Statement, maxRows: number): SqlTable {
  const rows: SqlRow[] = [];
  let bytes = 0;
  while (statement.step()) {
    if (rows.length >= maxRows) throw new ResultTooLargeError(`the result must have at most ${maxRows} rows`);
    const row = (statement as unknown as BigIntStatement).get(null, { useBigInt: true });
    for (const cell of row) if (typeof cell === 'object' || typeof cell === 'string') bytes += cell?.length ?? 0;
    if (bytes > MAX_TABLE_BYTES) throw new ResultTooLargeError(`the result must have at most ${MAX_TABLE_BYTES} bytes`);
    rows.push(row);
  }
  return { columns: statement.getColumnNames(), rows };
}
