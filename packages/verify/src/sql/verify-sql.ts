/**
 * @file Answers in SQL: a query, or statements that change a database, run on every fixture behind a wall and compared
 * with a reference. An entry of its own (`@touchstone/verify/sql`), because it starts processes.
 *
 * What it does not protect against: a wrong query that agrees with the right one on every fixture. Give several fixtures
 * that differ where wrong queries do (NULLs, ties, duplicates, empty tables, values at the bounds).
 */
import { extractCode } from '../extract/code-block.js';
import { answerPart } from '../extract/thinking.js';
import type { SandboxReport } from '../sandbox/backend.js';
import type { SandboxPool } from '../sandbox/pool.js';
import { ReferenceRuns } from '../sandbox/reference-runs.js';
import { unfinished } from '../sandbox/unfinished.js';
import { correct, crashed, incorrect, unscorable, withElapsed, type Verdict } from '../verdict.js';
import { ComparisonBudget, ComparisonBudgetError } from './bag.js';
import { compareTables, type Comparison } from './compare.js';
import type { SqlJob, SqlRun, SqlValue } from './job.js';
import { rowOrder, type RowOrder } from './order.js';
import { referenceData } from '../reference-data.js';
import { sharedSqlPool } from './pool.js';
import { readOptions, readReference, type SqlRules, type SqlTask } from './reference.js';
import type { SqlTable } from './table.js';

export interface SqlContext {
  readonly signal?: AbortSignal;
  /** Processes to run in; default: those that the whole process shares. */
  readonly pool?: SandboxPool<SqlJob, SqlValue>;
}

/** Names of fences that hold SQL. */
const languages = ['sql', 'sqlite', 'sqlite3', 'mysql', 'postgres', 'postgresql', 'psql', 'tsql'];

const startsLikeSql =
  /^\s*(?:--[^\n]*\n\s*)*(?:SELECT|WITH|VALUES|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|BEGIN)\b/i;

/**
 * The SQL of a response: its last fenced block, otherwise the content of its answer tag or its whole text where that
 * begins like SQL; after the reasoning. Null when there is none.
 */
export function extractSql(response: string): string | null {
  const block = extractCode(response, { languages });
  if (block !== null) return block.code.trim();
  const text = answerPart(response);
  return startsLikeSql.test(text) ? text : null;
}

/**
 * Judges the SQL of a response; `reference` is a `SqlReference`, `options` are `SqlOptions`. Score 1 when the results agree
 * on every fixture, in both directions in which SQLite may scan rows; `parts.fixtures` is the share that does.
 *
 * Reasons: `equal`; `other-rows`, `other-columns`, `other-order`; `sql-error`, `forbidden`, `several-statements`,
 * `too-long`, `too-large`, `no-answer`; without a judgement `deadline`, `memory`, `bad-reference`, `bad-option`,
 * `unknown-option`, `too-many-steps`. Rejects only when the signal aborts or the sandbox is closed or not installed.
 */
export async function verifySql(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
  context: SqlContext = {},
): Promise<Verdict> {
  const startedMs = performance.now();
  const task = readReference(referenceData(reference));
  if (typeof task === 'string') return unscorable('bad-reference', { feedback: task });
  const rules = readOptions(options);
  if ('option' in rules) return unscorable(rules.reason, { feedback: rules.message });
  const extracted = extractSql(response);
  if (extracted === null) return incorrect('no-answer', { feedback: 'the response has no SQL' });
  const pool = context.pool ?? sharedSqlPool.get();
  const wanted = await rightTables(task, rules, pool);
  context.signal?.throwIfAborted();
  if (typeof wanted === 'string') return unscorable('bad-reference', { feedback: wanted, extracted });
  const report = await pool.run(jobOf(task, extracted, rules), limitsOf(rules), context.signal);
  return withElapsed(judge(report, wanted, task, rules, extracted), startedMs);
}

/** The right tables of every run, in the order of `SqlValue.runs`, each with the order of its rows. */
type Wanted = readonly (readonly { readonly table: SqlTable; readonly order: RowOrder }[])[];

function jobOf({ setups, mode, checks }: SqlTask, sql: string, { maxRows }: SqlRules): SqlJob {
  return { setups, sql, mode, checks, maxRows };
}

function limitsOf({ wallMs, memoryMb }: SqlRules): { wallMs: number; memoryMb: number } {
  return { wallMs, memoryMb };
}

const references = new ReferenceRuns<SqlValue>();

async function rightTables(
  task: SqlTask,
  rules: SqlRules,
  pool: SandboxPool<SqlJob, SqlValue>,
): Promise<Wanted | string> {
  const { right, setups } = task;
  if (right.kind === 'tables') {
    const each = right.tables.length / setups.length;
    const all = right.tables.map((table, index) => ({ table, order: orderOf(right.orders[index], rules) }));
    return setups.flatMap((_, index) => {
      const own = all.slice(index * each, (index + 1) * each);
      return [own, own];
    });
  }
  const job = jobOf(task, right.text, rules);
  const key = JSON.stringify([job, limitsOf(rules)]);
  const report = await references.get(
    key,
    () => pool.run(job, limitsOf(rules)),
    (each) => faultOf(each) === null,
  );
  const fault = faultOf(report);
  return fault ?? wantedOf(report, task, right.text, rules);
}

function wantedOf(report: SandboxReport<SqlValue>, task: SqlTask, text: string, rules: SqlRules): Wanted {
  if (report.ended !== 'finished' || report.value.kind !== 'ran') return [];
  const queries = task.mode === 'query' ? [text] : task.checks;
  return report.value.runs.map((run) =>
    tablesOf(run).map((table, index) => {
      const query = queries?.[index];
      return { table, order: orderOf(query === undefined ? undefined : rowOrder(query, table.columns), rules) };
    }),
  );
}

/** What keeps a reference from being one, or null. */
function faultOf(report: SandboxReport<SqlValue>): string | null {
  if (report.ended !== 'finished') return `the reference does not run: ${report.detail}`;
  if (report.value.kind === 'refused') return `the reference is refused: ${report.value.refusal.message}`;
  const last = report.value.runs.at(-1);
  if (last === undefined || last.kind === 'tables') return null;
  const fixture = Math.ceil(report.value.runs.length / 2);
  const where = last.kind !== 'too-large' && last.where === 'setup' ? 'fixture' : 'reference on fixture';
  return `the ${where} ${fixture} fails: ${last.message}`;
}

function orderOf(order: RowOrder | undefined, rules: SqlRules): RowOrder {
  switch (rules.order) {
    case 'bag':
      return { kind: 'bag' };
    case 'list':
      return order?.kind === 'list' ? order : { kind: 'list', keys: null };
    case 'auto':
      return order ?? { kind: 'bag' };
  }
}

function tablesOf(run: SqlRun): readonly SqlTable[] {
  return run.kind === 'tables' ? run.tables : [];
}

function judge(
  report: SandboxReport<SqlValue>,
  wanted: Wanted,
  task: SqlTask,
  rules: SqlRules,
  extracted: string,
): Verdict {
  if (report.ended !== 'finished') return unfinished(report, rules.wallMs, extracted);
  if (report.value.kind === 'refused') {
    const { code, message } = report.value.refusal;
    return incorrect(code === 'empty' ? 'no-answer' : code, { extracted, feedback: message });
  }
  const { runs } = report.value;
  const stopped = stoppedBy(runs, extracted);
  if (stopped !== null) return stopped;
  try {
    return compareRuns(runs, wanted, task, rules, extracted);
  } catch (error) {
    if (error instanceof ComparisonBudgetError)
      return unscorable('too-many-steps', { extracted, feedback: error.message });
    throw error;
  }
}

/** The verdict on a text that did not give its tables on every fixture, or null. */
function stoppedBy(runs: readonly SqlRun[], extracted: string): Verdict | null {
  const last = runs.at(-1);
  if (last === undefined || last.kind === 'tables') return null;
  const fixture = `fixture ${Math.ceil(runs.length / 2)}`;
  const feedback = `on ${fixture}: ${last.message}`;
  if (last.kind === 'too-large') return incorrect('too-large', { extracted, feedback });
  if (last.where === 'setup') {
    return unscorable('bad-reference', { extracted, feedback: `the ${fixture} fails: ${last.message}` });
  }
  return last.kind === 'memory'
    ? crashed('memory', { extracted, feedback })
    : incorrect('sql-error', { extracted, feedback });
}

/** Compares every run with its reference; the first difference gives the words. */
function compareRuns(
  runs: readonly SqlRun[],
  wanted: Wanted,
  task: SqlTask,
  rules: SqlRules,
  extracted: string,
): Verdict {
  const budget = new ComparisonBudget();
  const results = runs.map((run, index) => compareRun(tablesOf(run), wanted[index] ?? [], task, rules, budget));
  const agreeing = task.setups.filter(
    (_, index) => results[2 * index]?.equal === true && results[2 * index + 1]?.equal === true,
  );
  const parts = { fixtures: agreeing.length / task.setups.length };
  const at = results.findIndex((each) => !each.equal);
  const first = results[at];
  if (first === undefined || first.equal) return correct('equal', { extracted, parts });
  const where = `on fixture ${Math.floor(at / 2) + 1}${at % 2 === 1 ? ', rows scanned backward' : ''}`;
  return incorrect(first.code, { extracted, parts, feedback: `${where}: ${first.message}` });
}

function compareRun(
  got: readonly SqlTable[],
  wanted: Wanted[number],
  task: SqlTask,
  rules: SqlRules,
  budget: ComparisonBudget,
): Comparison {
  const wholeDatabase = task.mode !== 'query' && task.checks === null;
  if (wholeDatabase) {
    const names = (tables: readonly SqlTable[]): string => tables.map(({ name }) => name).join(', ');
    const [have, need] = [names(got), names(wanted.map(({ table }) => table))];
    if (have !== need)
      return { equal: false, code: 'other-columns', message: `the tables must be ${need}, got ${have}` };
  }
  for (const [index, { table, order }] of wanted.entries()) {
    const comparison = compareTables(table, got[index] ?? { columns: [], rows: [] }, order, rules, budget);
    if (!comparison.equal && wholeDatabase)
      return { ...comparison, message: `table ${table.name ?? ''}: ${comparison.message}` };
    if (!comparison.equal) return comparison;
  }
  return { equal: true };
}
