import { bagDifference, type ComparisonBudget } from './bag.js';
import { cellKey, cellsEqual, rowsEqual, seen, type CellRule } from './equal.js';
import type { RowOrder } from './order.js';
import { showRow, type SqlRow, type SqlTable } from './table.js';

/**
 * How the columns of a result correspond to those of the reference.
 * - `position`: by place; names do not matter.
 * - `position-and-name`: by place, and names must be the same, whatever their case.
 * - `name`: by name, in any order.
 * - `any-order`: in whatever order makes the tables equal; names do not matter.
 */
export type SqlColumns = 'position' | 'position-and-name' | 'name' | 'any-order';

export interface ComparisonRule extends CellRule {
  readonly columns: SqlColumns;
}

/** Whether two tables are equal, and where they first differ. */
export type Comparison =
  | { readonly equal: true }
  | { readonly equal: false; readonly code: 'other-columns' | 'other-rows' | 'other-order'; readonly message: string };

/** Compares a result with the reference, as a bag or in the reference's order. Throws `ComparisonBudgetError`. */
export function compareTables(
  wanted: SqlTable,
  got: SqlTable,
  order: RowOrder,
  rule: ComparisonRule,
  budget: ComparisonBudget,
): Comparison {
  if (wanted.columns.length !== got.columns.length) {
    const [count, have] = [wanted.columns.length, got.columns.length];
    return differ('other-columns', `the result must have ${count} columns, got ${have}: ${got.columns.join(', ')}`);
  }
  const wantedRows = wanted.rows.map((row) => row.map((cell) => seen(cell, rule)));
  const gotRows = got.rows.map((row) => row.map((cell) => seen(cell, rule)));
  const compare = (places: readonly number[]): Comparison =>
    compareRows(wantedRows, reorder(gotRows, places), order, rule, budget);
  const straight = wanted.columns.map((_, index) => index);
  switch (rule.columns) {
    case 'position':
      return compare(straight);
    case 'position-and-name': {
      const other = wanted.columns.findIndex((name, index) => !sameName(name, got.columns[index] ?? ''));
      if (other < 0) return compare(straight);
      const [name, have] = [wanted.columns[other], got.columns[other]];
      return differ('other-columns', `column ${other + 1} must be named ${name}, got ${have}`);
    }
    case 'name': {
      const places = placesByName(wanted.columns, got.columns);
      if (typeof places !== 'string') return compare(places);
      return differ('other-columns', `the column ${places} is missing; got ${got.columns.join(', ')}`);
    }
    case 'any-order': {
      const first = compare(straight);
      if (first.equal || wantedRows.length !== gotRows.length) return first;
      return tryOrders(wantedRows, gotRows, compare, rule, budget) ?? first;
    }
  }
}

function differ(code: Exclude<Comparison, { equal: true }>['code'], message: string): Comparison {
  return { equal: false, code, message };
}

function sameName(a: string, b: string): boolean {
  return a.toUpperCase() === b.toUpperCase();
}

function reorder(rows: readonly SqlRow[], places: readonly number[]): readonly SqlRow[] {
  return places.every((place, index) => place === index)
    ? rows
    : rows.map((row) => places.map((place) => row[place] ?? null));
}

/** Where each wanted column is in the result, or the name of the first that is not there. */
function placesByName(wanted: readonly string[], got: readonly string[]): readonly number[] | string {
  const taken = new Set<number>();
  const places: number[] = [];
  for (const name of wanted) {
    const place = got.findIndex((each, index) => !taken.has(index) && sameName(each, name));
    if (place < 0) return name;
    taken.add(place);
    places.push(place);
  }
  return places;
}

/** Searches an order of the columns under which the tables are equal; only columns with equal bags of cells may swap. */
function tryOrders(
  wanted: readonly SqlRow[],
  got: readonly SqlRow[],
  compare: (places: readonly number[]) => Comparison,
  rule: CellRule,
  budget: ComparisonBudget,
): Comparison | null {
  const count = wanted[0]?.length ?? 0;
  const column = (rows: readonly SqlRow[], at: number): SqlRow[] => rows.map((row) => [row[at] ?? null]);
  const candidates = Array.from({ length: count }, (_, at) =>
    Array.from({ length: count }, (_, place) => place).filter((place) => {
      const { missing } = bagDifference(column(wanted, at), column(got, place), rule, budget);
      return missing.length === 0;
    }),
  );
  // Columns with the same cells in the same rows are one and the same for the search.
  const contents = Array.from({ length: count }, (_, place) =>
    got.map((row) => cellKey(row[place] ?? null, rule)).join('|'),
  );
  const search = (places: readonly number[]): Comparison | null => {
    if (places.length === count) {
      const result = compare(places);
      return result.equal ? result : null;
    }
    const tried = new Set<string>();
    for (const place of candidates[places.length] ?? []) {
      if (places.includes(place) || tried.has(contents[place] ?? '')) continue;
      tried.add(contents[place] ?? '');
      budget.spend(count);
      const found = search([...places, place]);
      if (found !== null) return found;
    }
    return null;
  };
  return search([]);
}

function compareRows(
  wanted: readonly SqlRow[],
  got: readonly SqlRow[],
  order: RowOrder,
  rule: CellRule,
  budget: ComparisonBudget,
): Comparison {
  const { missing, surplus } = bagDifference(wanted, got, rule, budget);
  if (missing.length > 0 || surplus.length > 0) return differ('other-rows', wordsOf(wanted, got, missing, surplus));
  if (order.kind === 'bag') return { equal: true };
  budget.spend(wanted.length);
  const { keys } = order;
  for (let from = 0; from < wanted.length;) {
    const to = keys === null ? from + 1 : endOfTie(wanted, from, keys, rule);
    const tie = wanted.slice(from, to);
    const there = got.slice(from, to);
    const same = tie.length === 1 ? rowsEqual(tie[0]!, there[0]!, rule) : bagOf(tie, there, rule, budget);
    if (!same) {
      const row = `row ${from + 1} must be ${showRow(tie[0]!)}, got ${showRow(there[0]!)}`;
      return differ('other-order', `the rows are right, their order is not: ${row}`);
    }
    from = to;
  }
  return { equal: true };
}

function bagOf(a: readonly SqlRow[], b: readonly SqlRow[], rule: CellRule, budget: ComparisonBudget): boolean {
  return bagDifference(a, b, rule, budget).missing.length === 0;
}

function endOfTie(rows: readonly SqlRow[], from: number, keys: readonly number[], rule: CellRule): number {
  const first = rows[from]!;
  let to = from + 1;
  while (to < rows.length && keys.every((key) => cellsEqual(first[key] ?? null, rows[to]![key] ?? null, rule))) to += 1;
  return to;
}

function wordsOf(
  wanted: readonly SqlRow[],
  got: readonly SqlRow[],
  missing: readonly SqlRow[],
  surplus: readonly SqlRow[],
): string {
  const counts = wanted.length === got.length ? '' : `${wanted.length} rows are wanted, got ${got.length}; `;
  const lack = missing[0] === undefined ? '' : `the row ${showRow(missing[0])} is missing`;
  const excess = surplus[0] === undefined ? '' : `the row ${showRow(surplus[0])} should not be there`;
  return `${counts}${[lack, excess].filter((each) => each !== '').join('; ')}`;
}
