/** A value of SQLite. INTEGER is a bigint and REAL a number, so that 1 and 1.0 can be told apart. */
export type SqlCell = null | bigint | number | string | Uint8Array;

export type SqlRow = readonly SqlCell[];

/** The result of a query, or the content of a table. */
export interface SqlTable {
  /** Of the table, where it is one. */
  readonly name?: string;
  readonly columns: readonly string[];
  readonly rows: readonly SqlRow[];
}

const SHOWN_CELL = 40;

/** A cell as SQL writes it, cut to some characters. */
export function showCell(cell: SqlCell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'bigint') return cell.toString();
  if (typeof cell === 'number') return Number.isInteger(cell) ? cell.toFixed(1) : String(cell);
  const text = typeof cell === 'string' ? cell : Buffer.from(cell.subarray(0, SHOWN_CELL)).toString('hex');
  const quoted = `'${text.slice(0, SHOWN_CELL).replaceAll("'", "''")}${text.length > SHOWN_CELL ? '...' : ''}'`;
  return typeof cell === 'string' ? quoted : `x${quoted}`;
}

export function showRow(row: SqlRow): string {
  const shown = row.slice(0, 12).map(showCell);
  return `(${shown.join(', ')}${row.length > shown.length ? ', ...' : ''})`;
}
