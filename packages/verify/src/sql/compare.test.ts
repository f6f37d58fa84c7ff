import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bagDifference, ComparisonBudget, ComparisonBudgetError } from './bag.js';
import { compareTables, type ComparisonRule } from './compare.js';
import type { RowOrder } from './order.js';
import type { SqlCell, SqlRow, SqlTable } from './table.js';

const rule: ComparisonRule = { types: 'numbers', columns: 'position', absolute: 1e-12, relative: 1e-9 };
const bag: RowOrder = { kind: 'bag' };
const list: RowOrder = { kind: 'list', keys: null };

const table = (rows: readonly SqlRow[], columns?: readonly string[]): SqlTable => ({
  columns: columns ?? (rows[0] ?? []).map((_, index) => `c${index}`),
  rows,
});

const same = (a: SqlTable, b: SqlTable, order: RowOrder = bag, own: Partial<ComparisonRule> = {}): boolean =>
  compareTables(a, b, order, { ...rule, ...own }, new ComparisonBudget()).equal;

const cell = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -3n, max: 3n }),
  fc.constantFrom(0.5, 1.5, 2),
  fc.constantFrom('', 'a', '1', 'NULL', '|'),
  fc.constantFrom(new Uint8Array([1]), new Uint8Array([1, 2])),
);
const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 12 });

describe('comparison of cells', () => {
  const pairs: readonly (readonly [SqlCell, SqlCell, strict: boolean, numbers: boolean, loose: boolean])[] = [
    [1n, 1, false, true, true],
    [1n, '1', false, false, true],
    [1.5, '1.50', false, false, true],
    [1n, 1n, true, true, true],
    [null, 0n, false, false, false],
    [null, '', false, false, false],
    [null, null, true, true, true],
    ['a', 'A', false, false, false],
    ['1 ', '1', false, false, true],
    [0.1 + 0.2, 0.3, true, true, true],
    [9007199254740993n, 9007199254740992n, false, false, false],
    [Infinity, 1e308, false, false, false],
    [Infinity, Infinity, true, true, true],
    [new Uint8Array([1]), new Uint8Array([1]), true, true, true],
    [new Uint8Array([1]), new Uint8Array([2]), false, false, false],
  ];

  test.each(pairs)('%s and %s', (a, b, strict, numbers, loose) => {
    const [x, y] = [table([[a]]), table([[b]])];
    expect([same(x, y, bag, { types: 'strict' }), same(x, y), same(x, y, bag, { types: 'loose' })]).toEqual([
      strict,
      numbers,
      loose,
    ]);
  });

  test('the tolerance counts for reals, never between integers', () => {
    const own = { absolute: 0.5, relative: 0 };
    expect(same(table([[1.2]]), table([[1.6]]), bag, own)).toBe(true);
    expect(same(table([[1.2]]), table([[1.8]]), bag, own)).toBe(false);
    expect(same(table([[10n]]), table([[11n]]), bag, { absolute: 5 })).toBe(false);
  });
});

describe('comparison of rows', () => {
  test('a bag equals each of its orders, and a list only itself', () => {
    fc.assert(
      fc.property(rows, fc.nat(), (some, turn) => {
        const at = turn % some.length;
        const turned = [...some.slice(at), ...some.slice(0, at)].reverse();
        expect(same(table(some), table(turned))).toBe(true);
        expect(same(table(some), table(some), list)).toBe(true);
      }),
    );
  });

  test('a bag with one row changed, doubled or dropped is another', () => {
    fc.assert(
      fc.property(rows, fc.nat(), (some, turn) => {
        const at = turn % some.length;
        const changed = some.map((row, index): SqlRow => (index === at ? [row[0], 'changed'] : row));
        expect(same(table(some), table(changed))).toBe(false);
        expect(same(table(some), table([...some, some[at]!]))).toBe(false);
        expect(same(table([...some, some[at]!]), table(some))).toBe(false);
      }),
    );
  });

  test('near values are paired so that all find a partner, not greedily', () => {
    // 1.0 fits both; were it taken by the first, the other would be left over.
    const own = { absolute: 0.5, relative: 0 };
    expect(same(table([[1.0], [1.4]]), table([[1.3], [0.6]]), bag, own)).toBe(true);
    expect(same(table([[1.0], [1.4]]), table([[0.4], [0.6]]), bag, own)).toBe(false);
  });

  test('pairing agrees with trying every permutation', () => {
    const near = fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 1, maxLength: 5 });
    const permutations = (items: readonly number[]): number[][] =>
      items.length === 0
        ? [[]]
        : items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
    fc.assert(
      fc.property(near, fc.infiniteStream(fc.double({ min: -0.7, max: 0.7, noNaN: true })), (some, noise) => {
        const other = some.map((each) => each + (noise.next().value as number));
        const own = { ...rule, absolute: 0.4, relative: 0 };
        const wanted = permutations(other).some((order) =>
          order.every((each, at) => Math.abs(each - some[at]!) <= 0.4),
        );
        const { missing } = bagDifference(
          some.map((each) => [each]),
          other.map((each) => [each]),
          own,
          new ComparisonBudget(),
        );
        expect(missing.length === 0).toBe(wanted);
      }),
    );
  });

  test('rows that agree on the keys of a list may stand in any order, others not', () => {
    const wanted = table([
      ['x', 2n],
      ['y', 1n],
      ['z', 1n],
    ]);
    const tie = table([
      ['x', 2n],
      ['z', 1n],
      ['y', 1n],
    ]);
    expect(same(wanted, tie, { kind: 'list', keys: [1] })).toBe(true);
    expect(same(wanted, tie, list)).toBe(false);
    expect(same(wanted, table(tie.rows.toReversed()), { kind: 'list', keys: [1] })).toBe(false);
  });

  test('too much work ends with an error of its own', () => {
    const many = (shift: number): SqlTable => table(Array.from({ length: 3000 }, (_, index) => [index / 7 + shift, 1]));
    expect(() => compareTables(many(0), many(1e6), bag, rule, new ComparisonBudget(1e5))).toThrow(
      ComparisonBudgetError,
    );
  });
});

describe('comparison of columns', () => {
  const wanted = table(
    [
      [1n, 'a', 1n],
      [2n, 'b', 1n],
    ],
    ['id', 'name', 'n'],
  );
  const swapped = table(
    wanted.rows.map(([id, name, n]) => [name!, n!, id!]),
    ['NAME', 'N', 'ID'],
  );

  test.each([
    ['position', false],
    ['position-and-name', false],
    ['name', true],
    ['any-order', true],
  ] as const)('%s', (columns, equal) => {
    expect(same(wanted, swapped, bag, { columns })).toBe(equal);
    expect(same(wanted, wanted, bag, { columns })).toBe(true);
  });

  test('any-order pairs rows, not columns alone', () => {
    const crossed = table([
      [1n, 'b', 1n],
      [2n, 'a', 1n],
    ]);
    expect(same(wanted, crossed, bag, { columns: 'any-order' })).toBe(false);
  });

  test('a missing or misnamed column is named', () => {
    const compare = (columns: ComparisonRule['columns'], got: SqlTable): unknown =>
      compareTables(wanted, got, bag, { ...rule, columns }, new ComparisonBudget());
    const named = table(wanted.rows, ['id', 'nom', 'n']);
    expect(compare('name', named)).toMatchObject({ message: 'the column name is missing; got id, nom, n' });
    expect(compare('position-and-name', named)).toMatchObject({ message: 'column 2 must be named name, got nom' });
    expect(compare('position', table([[1n]]))).toMatchObject({ code: 'other-columns' });
  });
});
