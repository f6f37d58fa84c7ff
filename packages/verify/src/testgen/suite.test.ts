import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { integer, list, tuple } from './grammar.js';
import { generateSuite, minimalSuite, type Execute } from './suite.js';

type Program = (numbers: readonly number[], limit: number) => unknown;

/** Programs of the tests are functions by name; the real ones run in a sandbox. */
const programs: Record<string, Program> = {
  reference: (numbers, limit) => numbers.filter((number) => number >= limit).length,
  again: (numbers, limit) => numbers.reduce((count, number) => count + (number >= limit ? 1 : 0), 0),
  'strictly-above': (numbers, limit) => numbers.filter((number) => number > limit).length,
  'counts-all': (numbers) => numbers.length,
  'forgets-the-last': (numbers, limit) => numbers.slice(0, -1).filter((number) => number >= limit).length,
  'only-at-777': (numbers, limit) => (limit === 777 ? -1 : numbers.filter((number) => number >= limit).length),
  'odd-limits': (numbers, limit) => numbers.filter((number) => number >= limit).length + (limit % 64 === 33 ? 1 : 0),
  breaks: (numbers) => {
    if (numbers.length > 3) throw new Error('too long');
    return numbers.length;
  },
  picky: (numbers, limit) => (numbers.length === 0 ? 'none' : numbers.filter((number) => number >= limit).length),
};

const execute: Execute<[number[], number]> = (program, inputs) =>
  Promise.resolve(
    inputs.map(([numbers, limit]) => {
      try {
        return { ok: true, output: programs[program]!(numbers, limit) };
      } catch (thrown) {
        return { ok: false, why: String(thrown) };
      }
    }),
  );

const grammar = tuple(
  list(integer({ min: 0, max: 1000 }), { minLength: 0, maxLength: 6 }),
  integer({ min: 0, max: 1000 }),
);

describe('generateSuite', () => {
  it('rejects every wrong program that differs somewhere likely, and names the one it cannot tell apart', async () => {
    const wrong = ['strictly-above', 'counts-all', 'forgets-the-last', 'breaks', 'again'];
    const suite = await generateSuite({ grammar, references: ['reference'], wrong, execute, seed: 1 });
    expect(suite.survivors.map((index) => wrong[index])).toEqual(['again']);
    expect(suite.kills.every((row) => row.length === suite.tests.length)).toBe(true);
    for (const test of suite.tests) expect(grammar.violation(test.input)).toBeNull();
  });

  it('finds rare differences by searching for them', async () => {
    const request = { grammar, references: ['reference'], wrong: ['odd-limits'], execute, seed: 3, random: 10 };
    const without = await generateSuite({ ...request, searchRounds: 0 });
    const searched = await generateSuite({ ...request, searchRounds: 60 });
    expect(without.survivors).toEqual([0]);
    expect(searched.survivors).toEqual([]);
    expect(searched.tests.at(-1)!.origin).toBe('differential');
    expect(searched.tests.length).toBe(without.tests.length + 1);
  });

  it('drops what breaks the grammar, what a reference cannot run, and what references disagree on', async () => {
    const given: [number[], number][] = [
      [[5], 5],
      [[-1], 5],
      [[], 3],
    ];
    const request = { grammar, wrong: [], execute, seed: 1, given, random: 0 };
    const suite = await generateSuite({ ...request, references: ['reference', 'picky'] });
    expect(suite.dropped.invalid).toBe(1);
    expect(suite.dropped.disagreed).toBeGreaterThan(0);
    expect(suite.tests.some(({ input }) => input[0].length === 0)).toBe(false);
    const broken = await generateSuite({ ...request, references: ['breaks'] });
    expect(broken.dropped.failed).toBeGreaterThan(0);
  });

  it('is the same for the same seed', async () => {
    const request = { grammar, references: ['reference'], wrong: ['only-at-777'], execute, seed: 9 };
    expect(await generateSuite(request)).toEqual(await generateSuite(request));
  });

  it('refuses a request without a reference, and an execute that loses outputs', async () => {
    const request = { grammar, references: [], wrong: [], execute, seed: 1 };
    await expect(generateSuite(request)).rejects.toThrow(/at least one reference/);
    const losing: Execute<[number[], number]> = () => Promise.resolve([]);
    await expect(generateSuite({ ...request, references: ['reference'], execute: losing })).rejects.toThrow(
      /an output for each/,
    );
  });
});

describe('minimalSuite', () => {
  it('keeps every kill with no test that could be left out alone', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), { maxLength: 8 }), (kills) => {
        const chosen = minimalSuite(kills);
        for (const row of kills) expect(chosen.some((t) => row[t])).toBe(row.includes(true));
        expect(chosen.length).toBeLessThanOrEqual(kills.filter((row) => row.includes(true)).length);
        for (const test of chosen) {
          expect(kills.some((row) => row[test] && chosen.every((each) => each === test || !row[each]))).toBe(true);
        }
      }),
    );
  });

  it('leaves out a test that was taken first and is needed no more', () => {
    const programs = [[0, 1], [0, 1], [0, 2], [0, 2], [1], [2]];
    expect(minimalSuite(programs.map((by) => [0, 1, 2].map((test) => by.includes(test))))).toEqual([1, 2]);
  });

  it('takes the test that rejects most first', () => {
    expect(
      minimalSuite([
        [true, false, true],
        [false, true, true],
        [false, false, false],
      ]),
    ).toEqual([2]);
  });
});
