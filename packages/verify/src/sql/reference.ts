import { optionFault, type OptionFault, type OptionRule } from '../task-faults.js';
import type { SqlColumns } from './compare.js';
import type { SqlTypes } from './equal.js';
import { modeOf, type SqlMode } from './gate.js';
import type { RowOrder } from './order.js';
import type { SqlCell, SqlTable } from './table.js';

/** A result written down: JSON values; whole numbers count as INTEGER, truth values as 1 and 0. */
export interface ExpectedTable {
  /** Needed only where names are compared. */
  readonly columns?: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /**
   * Default false: a bag of rows. True: every row has its place. Column positions (from 0): the rows are sorted by
   * these columns, and rows that agree on them may stand in any order.
   */
  readonly ordered?: boolean | readonly number[];
}

/**
 * A task of SQL. The databases are made by `schema` followed by one of `fixtures`; every one of them must agree, so that a
 * query that is right by accident is found out. What is right is said by exactly one of:
 * - `query`: a query with the right result;
 * - `change`: statements that change the database rightly; `check` then says what is compared;
 * - `expected`: the right result (of `check`, where that is given), one for each fixture.
 */
export interface SqlReference {
  readonly schema?: string;
  /** Default: one, of `schema` alone. */
  readonly fixtures?: readonly string[];
  readonly query?: string;
  readonly change?: string;
  readonly expected?: ExpectedTable | readonly ExpectedTable[];
  /**
   * Makes the task one of changing the database: queries that are run after the response's statements. Default with
   * `change`: every table of the database is compared.
   */
  readonly check?: string | readonly string[];
}

/** How results are compared, and what bounds a response. */
export interface SqlOptions {
  /** `auto` (default): as a list where the reference says so by a top-level ORDER BY or `ordered`, otherwise as a bag. */
  readonly order?: 'auto' | 'list' | 'bag';
  /** Default `position`. */
  readonly columns?: SqlColumns;
  /** Default `numbers`. */
  readonly types?: SqlTypes;
  /** Default 1e-12. */
  readonly absolute?: number;
  /** Default 1e-9. */
  readonly relative?: number;
  /** Rows that a result may have; default 10000. */
  readonly maxRows?: number;
  /** Milliseconds for all fixtures together; default 5000. */
  readonly wallMs?: number;
  /** MiB; default 256. */
  readonly memoryMb?: number;
}

/** A reference in one form. */
export interface SqlTask {
  readonly setups: readonly string[];
  readonly mode: SqlMode;
  readonly checks: readonly string[] | null;
  readonly right:
    | { readonly kind: 'sql'; readonly text: string }
    | { readonly kind: 'tables'; readonly tables: readonly SqlTable[]; readonly orders: readonly RowOrder[] };
}

/** Reads a reference of unknown origin; a text says what is wrong with it. */
export function readReference(reference: unknown): SqlTask | string {
  if (typeof reference !== 'object' || reference === null) return 'the reference must be an object';
  const { schema = '', fixtures = [''], query, change, expected, check } = reference as Record<string, unknown>;
  if (typeof schema !== 'string') return 'schema must be a text of SQL';
  if (!isTexts(fixtures) || fixtures.length === 0) return 'fixtures must be a list of texts of SQL';
  if ([query, change, expected].filter((each) => each !== undefined).length !== 1) {
    return 'the reference must have exactly one of query, change, expected';
  }
  const checks = typeof check === 'string' ? [check] : check;
  if (checks !== undefined && (!isTexts(checks) || checks.length === 0))
    return 'check must be a query or a list of them';
  const setups = fixtures.map((fixture) => `${schema}\n;${fixture}`);
  const changing = change !== undefined || checks !== undefined;
  if (query !== undefined && changing) return 'check belongs to change or expected, not to query';
  const text = query ?? change;
  if (text !== undefined) {
    if (typeof text !== 'string' || text.trim() === '') return 'query and change must be texts of SQL';
    const mode = changing ? modeOf(text) : 'query';
    return { setups, mode, checks: checks ?? null, right: { kind: 'sql', text } };
  }
  const given: readonly unknown[] = Array.isArray(expected) ? expected : [expected];
  const wanted = setups.length * (checks?.length ?? 1);
  if (given.length !== wanted) return `expected must have ${wanted} tables, one for each fixture and check`;
  const tables: SqlTable[] = [];
  const orders: RowOrder[] = [];
  for (const each of given) {
    const read = readTable(each);
    if (typeof read === 'string') return read;
    tables.push(read.table);
    orders.push(read.order);
  }
  return {
    setups,
    mode: changing ? 'data' : 'query',
    checks: checks ?? null,
    right: { kind: 'tables', tables, orders },
  };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function readTable(value: unknown): { table: SqlTable; order: RowOrder } | string {
  const { columns, rows, ordered = false } = (value ?? {}) as Record<string, unknown>;
  if (!Array.isArray(rows) || !rows.every((row): row is unknown[] => Array.isArray(row))) {
    return 'expected must be { rows }, a list of lists of cells';
  }
  const width = isTexts(columns) ? columns.length : (rows[0]?.length ?? null);
  if (width === null) return 'expected must name its columns when it has no rows';
  if (columns !== undefined && !isTexts(columns)) return 'columns must be a list of names';
  if (rows.some((row) => row.length !== width)) return `every row of expected must have ${width} cells`;
  const cells = rows.map((row) => row.map(readCell));
  if (cells.some((row) => row.includes(undefined))) return 'cells must be numbers, texts, truth values or null';
  const isKeys = Array.isArray(ordered) && ordered.every((key) => Number.isInteger(key) && key >= 0 && key < width);
  if (typeof ordered !== 'boolean' && !isKeys) return 'ordered must be true, false or a list of column positions';
  const names = isTexts(columns) ? columns : Array.from({ length: width }, (_, index) => `column ${index + 1}`);
  return {
    table: { columns: names, rows: cells as SqlCell[][] },
    order:
      ordered === false ? { kind: 'bag' } : { kind: 'list', keys: ordered === true ? null : (ordered as number[]) },
  };
}

function readCell(cell: unknown): SqlCell | undefined {
  if (cell === null || typeof cell === 'string' || typeof cell === 'bigint' || cell instanceof Uint8Array) return cell;
  if (typeof cell === 'boolean') return cell ? 1n : 0n;
  if (typeof cell !== 'number' || Number.isNaN(cell)) return undefined;
  return Number.isInteger(cell) ? BigInt(cell) : cell;
}

/** Options with every default filled in. */
export type SqlRules = Required<SqlOptions>;

const defaults: SqlRules = {
  order: 'auto',
  columns: 'position',
  types: 'numbers',
  absolute: 1e-12,
  relative: 1e-9,
  maxRows: 10_000,
  wallMs: 5000,
  memoryMb: 256,
};

const optionRules: { readonly [Name in keyof SqlRules]: OptionRule } = {
  order: ['auto', 'list', 'bag'] satisfies SqlOptions['order'][],
  columns: ['position', 'position-and-name', 'name', 'any-order'] satisfies SqlColumns[],
  types: ['strict', 'numbers', 'loose'] satisfies SqlTypes[],
  absolute: 'number',
  relative: 'number',
  maxRows: 'number',
  wallMs: 'number',
  memoryMb: 'number',
};

/** Fills in the defaults, or says which option is wrong. */
export function readOptions(options: Readonly<Record<string, unknown>>): SqlRules | OptionFault {
  const fault = optionFault(options, optionRules);
  if (fault !== null) return fault;
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as SqlOptions;
  for (const option of ['maxRows', 'wallMs', 'memoryMb'] as const) {
    const value = given[option];
    if (value !== undefined && !(value >= 1)) {
      return { option, reason: 'bad-option', message: `${option} must be a number from 1, got ${value}` };
    }
  }
  return { ...defaults, ...given };
}
