import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { seededDraw } from '../hardening/random.js';
import { chain, decimal, integer, list, oneOf, text, tuple, where, type InputGrammar } from './grammar.js';

const grammars: Record<string, InputGrammar<unknown>> = {
  integer: integer({ min: -3, max: 1e9 }),
  single: integer({ min: 7, max: 7 }),
  wide: integer({ min: -(2 ** 53 - 1), max: 2 ** 53 - 1 }),
  decimal: decimal({ min: -1, max: 2.5, decimals: 2 }),
  oneOf: oneOf(['north', 'south']),
  text: text({ alphabet: 'abé', minLength: 1, maxLength: 6 }),
  list: list(integer({ min: 0, max: 9 }), { minLength: 0, maxLength: 12 }),
  empty: list(integer({ min: 0, max: 9 }), { minLength: 0, maxLength: 0 }),
  nested: list(list(oneOf([0, 1]), { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
  tuple: tuple(integer({ min: 1, max: 5 }), text({ alphabet: 'xy', minLength: 0, maxLength: 3 })),
  where: where(list(integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 9 }), 'no zero', (l) => !l.includes(0)),
  chain: chain(integer({ min: 1, max: 4 }), (n) => list(oneOf(['a', 'b']), { minLength: n, maxLength: n })),
};

describe.each(Object.entries(grammars))('grammar %s', (_, grammar) => {
  it('draws and lists as edges only what it accepts, after a trip through JSON too', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const value = grammar.draw(seededDraw(seed));
        expect(grammar.violation(JSON.parse(JSON.stringify(value)))).toBeNull();
      }),
      { numRuns: 60 },
    );
    for (const value of grammar.boundary()) expect(grammar.violation(value)).toBeNull();
    expect(grammar.boundary().length).toBeGreaterThan(0);
  });

  it('draws the same for the same seed', () => {
    expect(grammar.draw(seededDraw(5))).toEqual(grammar.draw(seededDraw(5)));
  });

  it('refuses what is of another kind, with words and without throwing', () => {
    for (const value of [undefined, null, Number.NaN, 'west', '', {}, [[[]]], -1e300, [9, 9, 9, {}], 10n]) {
      expect(grammar.violation(value)).toEqual(expect.any(String));
    }
  });
});

describe('edges', () => {
  it('holds both ends of a range, and the values beside them', () => {
    expect(
      integer({ min: -2, max: 100 })
        .boundary()
        .toSorted((a, b) => a - b),
    ).toEqual([-2, -1, 0, 1, 2, 99, 100]);
  });

  it('holds the empty, the single, the longest, the equal, the rising and the falling list', () => {
    const lists = list(integer({ min: 0, max: 2 }), { minLength: 0, maxLength: 5 }).boundary();
    expect(lists).toContainEqual([]);
    expect(lists).toContainEqual([2]);
    expect(lists.some((each) => each.length === 5)).toBe(true);
    expect(lists).toContainEqual([0, 1, 2]);
    expect(lists).toContainEqual([2, 1, 0]);
    expect(lists.some((each) => each.length > 1 && new Set(each).size === 1)).toBe(true);
  });

  it('holds the longest, the rising and the falling list of many kinds of item too', () => {
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
    const texts = text({ alphabet: letters, minLength: 0, maxLength: 100 }).boundary();
    const lengths = texts.map(({ length }) => length);
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([0, 100]);
    expect(texts.length).toBeLessThanOrEqual(48);
    expect(texts).toContain('zy');
  });

  it('varies one position at a time and puts all at their ends', () => {
    const pairs = tuple(integer({ min: 0, max: 9 }), integer({ min: 0, max: 9 })).boundary();
    expect(pairs).toContainEqual([0, 0]);
    expect(pairs).toContainEqual([0, 9]);
    expect(pairs).toContainEqual([9, 0]);
    expect(pairs).toContainEqual([9, 9]);
  });
});

describe('numbers with decimals', () => {
  it('hold both bounds, whatever their product with a power of ten is', () => {
    const cents = decimal({ min: 0.07, max: 0.29, decimals: 2 });
    expect(cents.boundary()).toEqual(expect.arrayContaining([0.07, 0.29]));
    expect(cents.violation(0.07) ?? cents.violation(0.29)).toBeNull();
    expect(cents.violation(0.06)).not.toBeNull();
    expect(cents.violation(0.3)).not.toBeNull();
    expect(decimal({ min: 0.071, max: 0.299, decimals: 2 }).boundary().toSorted()).toEqual([0.08, 0.09, 0.28, 0.29]);
  });

  it('have no more digits than they may, however large they are', () => {
    const money = decimal({ min: 0, max: 1e9, decimals: 2 });
    expect(money.violation(123456789.12)).toBeNull();
    expect(money.violation(123456789.1234)).not.toBeNull();
  });
});

describe('draws of integers', () => {
  it('meet small and large magnitudes of a wide range', () => {
    const draw = seededDraw(1);
    const wide = integer({ min: -1e9, max: 1e9 });
    const drawn = Array.from({ length: 400 }, () => Math.abs(wide.draw(draw)));
    expect(drawn.some((value) => value < 10)).toBe(true);
    expect(drawn.some((value) => value > 1e8)).toBe(true);
  });
});

describe('grammars that cannot be', () => {
  it('say what to do', () => {
    expect(() => integer({ min: 3, max: 2 })).toThrow(/integer: min and max must be safe integers in order/);
    expect(() => oneOf([])).toThrow(/at least one value/);
    const none = where(integer({ min: 0, max: 9 }), 'above ten', (value) => value > 10);
    expect(() => none.draw(seededDraw(1))).toThrow(/above ten/);
  });
});
