import type { Refusal, SqlMode } from './gate.js';
import type { SqlTable } from './table.js';

/** One run of a SQL text behind the wall, on every fixture. */
export interface SqlJob {
  /** Trusted scripts, each of which makes a database. */
  readonly setups: readonly string[];
  readonly sql: string;
  readonly mode: SqlMode;
  /** After a change: queries whose results are wanted; null asks for every table of the database. */
  readonly checks: readonly string[] | null;
  /** Rows of one table; a result with more is `too-large`. */
  readonly maxRows: number;
}

/** What a text did on one fixture, scanned in one direction. */
export type SqlRun =
  | { readonly kind: 'tables'; readonly tables: readonly SqlTable[] }
  /** SQLite refused or failed, or reached its bound of memory: in the fixture, in the text itself, or in a check. */
  | { readonly kind: 'error'; readonly where: 'setup' | 'statement' | 'check'; readonly message: string }
  | { readonly kind: 'memory'; readonly where: 'setup' | 'statement' | 'check'; readonly message: string }
  | { readonly kind: 'too-large'; readonly message: string };

/**
 * `runs` has two for each setup that was reached: rows scanned forward, then backward, because SQLite may give rows
 * without a complete ORDER BY in either order. It ends with the first run that gave no tables.
 */
export type SqlValue =
  { readonly kind: 'refused'; readonly refusal: Refusal } | { readonly kind: 'ran'; readonly runs: readonly SqlRun[] };
