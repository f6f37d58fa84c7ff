import type { SqlCell, SqlRow } from './table.js';

/**
 * Which cells are equal.
 * - `strict`: type and value; 1, 1.0 and '1' are three things.
 * - `numbers`: integers and reals by value, 1 = 1.0; text is never a number.
 * - `loose`: a text that is written as a number counts as that number, too: 1 = 1.0 = '1'.
 *
 * NULL equals NULL only, text is compared character for character, blobs byte for byte.
 */
export type SqlTypes = 'strict' | 'numbers' | 'loose';

export interface CellRule {
  readonly types: SqlTypes;
  /** Largest difference of two numbers one of which is a real; integers are compared exactly. */
  readonly absolute: number;
  /** The same as a share of the larger magnitude. */
  readonly relative: number;
}

const numberText = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const integerText = /^\s*[+-]?\d+\s*$/;

/** The cell as its rule sees it: a text that is to count as a number becomes one. */
export function seen(cell: SqlCell, { types }: CellRule): SqlCell {
  if (types !== 'loose' || typeof cell !== 'string' || cell.length > 400 || !numberText.test(cell)) return cell;
  return integerText.test(cell) ? BigInt(cell.trim()) : Number(cell);
}

/** Equality of two cells that `seen` has been applied to. */
export function cellsEqual(a: SqlCell, b: SqlCell, rule: CellRule): boolean {
  if (isNumber(a) && isNumber(b)) return numbersEqual(a, b, rule);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a === b;
}

function numbersEqual(a: bigint | number, b: bigint | number, { types, absolute, relative }: CellRule): boolean {
  if (typeof a === typeof b && a === b) return true;
  if (typeof a === 'bigint' && typeof b === 'bigint') return false;
  if (types === 'strict' && typeof a !== typeof b) return false;
  const [x, y] = [Number(a), Number(b)];
  if (x === y) return true;
  if (!Number.isFinite(x) || !Number.isFinite(y)) return false;
  return Math.abs(x - y) <= Math.max(absolute, relative * Math.max(Math.abs(x), Math.abs(y)));
}

export function rowsEqual(a: SqlRow, b: SqlRow, rule: CellRule): boolean {
  return a.length === b.length && a.every((cell, index) => cellsEqual(cell, b[index] ?? null, rule));
}

/** The same text for two cells only when they are equal under the rule, whatever its tolerance. */
export function cellKey(cell: SqlCell, rule: CellRule): string {
  if (cell === null) return 'n';
  if (typeof cell === 'bigint') return `i${cell}`;
  if (typeof cell === 'number') return rule.types !== 'strict' && Number.isSafeInteger(cell) ? `i${cell}` : `r${cell}`;
  if (typeof cell === 'string') return `t${cell.length}:${cell}`;
  return `b${Buffer.from(cell).toString('hex')}`;
}

/** The same text for any two cells that may be equal within a tolerance: all numbers share one. */
export function looseKey(cell: SqlCell, rule: CellRule): string {
  return isNumber(cell) ? '#' : cellKey(cell, rule);
}

/** Order of two rows by their numbers alone, in which rows that are nearly equal stand near each other. */
export function byNumbers(a: SqlRow, b: SqlRow): number {
  for (const [index, cell] of a.entries()) {
    const other = b[index] ?? null;
    if (isNumber(cell) && isNumber(other) && cell !== other) return cell < other ? -1 : 1;
  }
  return 0;
}

function isNumber(cell: SqlCell): cell is bigint | number {
  return typeof cell === 'bigint' || typeof cell === 'number';
}
