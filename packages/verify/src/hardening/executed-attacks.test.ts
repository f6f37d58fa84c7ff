import { afterAll, describe, expect, it } from 'vitest';
import { closeExecuted, executedKinds, runExecuted } from '../executed.js';
import { executedFixtures } from '../kinds/executed-fixtures.js';
import { attacksInLanguageOf } from './executed-attacks.js';
import { measureAttacks } from './measure.js';

afterAll(() => closeExecuted());

describe.each(executedKinds)('attacks in the language of %s', (kind) => {
  it('run, and fool it nowhere', { timeout: 120_000 }, async () => {
    const full = executedFixtures[kind].filter((fixture) => fixture.kind === 'full');
    // Each reference once; the first four are of different makes.
    const distinct = new Map(full.map((fixture) => [JSON.stringify(fixture.reference), fixture]));
    const items = [...distinct.values()].slice(0, 4).map(({ reference, options }) => {
      const entry = (reference as { readonly function?: string } | null)?.function;
      return { gold: null, reference, options, ...(entry !== undefined && { entry }) };
    });
    const reasons: string[] = [];
    const report = await measureAttacks(items, {
      attacks: attacksInLanguageOf(kind),
      verify: async (response, { reference, options }) => {
        const verdict = await runExecuted(kind, { verifier: kind, response, reference, ...(options && { options }) });
        reasons.push(verdict.reason);
        return verdict;
      },
    });
    expect(report.asked).toBe(items.length * attacksInLanguageOf(kind).length);
    expect(report.attacks.flatMap(({ name, example }) => (example === null ? [] : [name]))).toEqual([]);
    expect(reasons.filter((reason) => reason === 'no-answer').length).toBeLessThan(reasons.length / 4);
    expect(reasons.filter((reason) => reason === 'bad-reference')).toEqual([]);
  });
});

it('other kinds have none', () => {
  expect(attacksInLanguageOf('math')).toEqual([]);
  expect(attacksInLanguageOf({ module: 'code', export: 'x' })).toEqual([]);
});
