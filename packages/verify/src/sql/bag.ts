import { byNumbers, cellKey, looseKey, rowsEqual, type CellRule } from './equal.js';
import type { SqlRow } from './table.js';

/** Thrown when two tables are too much work to compare; the caller makes a verdict of it. */
export class ComparisonBudgetError extends Error {
  override readonly name = 'ComparisonBudgetError';
}

/** Steps that may be spent on comparing the results of one response. */
export class ComparisonBudget {
  constructor(private steps = 5_000_000) {}

  spend(steps: number): void {
    this.steps -= steps;
    if (this.steps < 0) throw new ComparisonBudgetError('compare: the tables must be smaller, got too many steps');
  }
}

/** Rows of one side that have no partner on the other; both empty when the bags are equal. */
export interface BagDifference {
  readonly missing: readonly SqlRow[];
  readonly surplus: readonly SqlRow[];
}

/**
 * Compares two bags of rows. Rows that are identical pair off first; what remains may still be equal within the tolerance,
 * and is paired by augmenting paths within groups that agree in all cells but the numbers, so that no order of the rows
 * and no chain of near values leads to a wrong answer.
 */
export function bagDifference(
  wanted: readonly SqlRow[],
  got: readonly SqlRow[],
  rule: CellRule,
  budget: ComparisonBudget,
): BagDifference {
  budget.spend(wanted.length + got.length);
  const exactly = (row: SqlRow): string => row.map((cell) => cellKey(cell, rule)).join('|');
  const left = new Map<string, SqlRow[]>();
  for (const row of wanted) push(left, exactly(row), row);
  const unpaired = got.filter((row) => left.get(exactly(row))?.pop() === undefined);
  const groups = new Map<string, { wanted: SqlRow[]; got: SqlRow[] }>();
  const group = (row: SqlRow): { wanted: SqlRow[]; got: SqlRow[] } => {
    const key = row.map((cell) => looseKey(cell, rule)).join('|');
    const known = groups.get(key) ?? { wanted: [], got: [] };
    groups.set(key, known);
    return known;
  };
  for (const rows of left.values()) for (const row of rows) group(row).wanted.push(row);
  for (const row of unpaired) group(row).got.push(row);
  const differences = [...groups.values()].map((each) =>
    matchRows(each.wanted.sort(byNumbers), each.got.sort(byNumbers), rule, budget),
  );
  return {
    missing: differences.flatMap((each) => each.missing),
    surplus: differences.flatMap((each) => each.surplus),
  };
}

/** A largest pairing of equal rows (Kuhn's algorithm); each row first tries those at its own place on the other side. */
function matchRows(
  wanted: readonly SqlRow[],
  got: readonly SqlRow[],
  rule: CellRule,
  budget: ComparisonBudget,
): BagDifference {
  const partner = new Map<number, number>();
  const augment = (start: number): boolean => {
    const seen = new Set<number>();
    // A stack of its own: a chain of near values may be as long as the table.
    const path: { wanted: number; next: number; taken: number }[] = [{ wanted: start, next: 0, taken: -1 }];
    while (path.length > 0) {
      const top = path[path.length - 1]!;
      if (top.next >= got.length) {
        path.pop();
        continue;
      }
      const candidate = (top.next + top.wanted) % got.length;
      top.next += 1;
      budget.spend(1);
      if (seen.has(candidate) || !rowsEqual(wanted[top.wanted]!, got[candidate]!, rule)) continue;
      seen.add(candidate);
      top.taken = candidate;
      const owner = partner.get(candidate);
      if (owner === undefined) {
        for (const step of path) partner.set(step.taken, step.wanted);
        return true;
      }
      path.push({ wanted: owner, next: 0, taken: -1 });
    }
    return false;
  };
  const missing = wanted.filter((_, index) => got.length === 0 || !augment(index));
  return { missing, surplus: got.filter((_, index) => !partner.has(index)) };
}

function push(map: Map<string, SqlRow[]>, key: string, row: SqlRow): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [row]);
  else known.push(row);
}
