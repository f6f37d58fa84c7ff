import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choiceFixtures } from './choice/fixtures.js';
import type { VerifierFixture } from './fixtures.js';
import { formatFixtures } from './format/fixtures.js';
import { instructionFixtures } from './instructions/fixtures.js';
import { loadVerifier, type Verifier, type VerifierKind } from './registry.js';
import { structureFixtures } from './structure/fixtures.js';
import { textFixtures } from './text/fixtures.js';
import type { Verdict } from './verdict.js';

const suites: readonly (readonly [VerifierKind, readonly VerifierFixture[]])[] = [
  ['text', textFixtures],
  ['choice', choiceFixtures],
  ['format', formatFixtures],
  ['instructions', instructionFixtures],
  ...(Object.entries(structureFixtures) as [VerifierKind, readonly VerifierFixture[]][]),
];

const timeless = (verdict: Verdict): Omit<Verdict, 'elapsedMs'> => {
  const { elapsedMs: _, ...rest } = verdict;
  return rest;
};

/** Pieces that parsers trip over, in any order. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\\boxed{',
        '}',
        '<answer>',
        '</answer>',
        '<think>',
        '<tool_call>',
        '</tool_call>',
        '```',
        '[[',
        ']]',
        '{"a":',
      ),
      fc.constantFrom(
        '1 2\n3 4\n',
        '| a | b |\n',
        '2021-02-30',
        '12:61',
        'the answer is B',
        ', ',
        '> ',
        '1. ',
        '\u0000',
        '\ud800',
        '9'.repeat(400),
      ),
    ),
    { maxLength: 25 },
  )
  .map((pieces) => pieces.join(''));

describe.each(suites)('the verifier %s', (kind, fixtures) => {
  const judge = async ({ response, reference, options }: Omit<VerifierFixture, 'kind'>): Promise<Verdict> =>
    (await loadVerifier(kind))(response, reference, options);

  test('ships cases of every kind', () => {
    expect(new Set(fixtures.map((fixture) => fixture.kind))).toEqual(new Set(['full', 'zero', 'malformed']));
  });

  test.each(fixtures)('$kind: $response against $reference', async (fixture) => {
    const verdict = await judge(fixture);
    if (fixture.kind === 'full') expect(verdict).toMatchObject({ outcome: 'correct', score: 1 });
    else expect(verdict.score).toBe(0);
    if (fixture.kind === 'zero') expect(verdict.outcome).toBe('incorrect');
    if (fixture.reason !== undefined) expect(verdict.reason).toBe(fixture.reason);
    expect(timeless(await judge(fixture))).toEqual(timeless(verdict));
  });

  test('judges hostile text without throwing, the same way each time, with a score in [0, 1]', async () => {
    const verify: Verifier = await loadVerifier(kind);
    const tasks = fixtures.filter((fixture) => fixture.kind === 'full');
    fc.assert(
      fc.property(hostile, fc.constantFrom(...tasks), (response, { reference, options }) => {
        const verdict = verify(response, reference, options);
        expect(verdict.score).toBeGreaterThanOrEqual(0);
        expect(verdict.score).toBeLessThanOrEqual(1);
        expect(verdict.reason).toMatch(/^[a-z][a-z-]*$/);
        expect(timeless(verify(response, reference, options))).toEqual(timeless(verdict));
      }),
      { numRuns: 300 },
    );
  });

  test('any JSON as a reference ends in a verdict', async () => {
    const verify: Verifier = await loadVerifier(kind);
    fc.assert(
      fc.property(hostile, fc.jsonValue(), (response, reference) => {
        expect(verify(response, reference).score).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    'a',
    ' ',
    '\n',
    '(',
    '[',
    '{}',
    '{"a":',
    '<answer>',
    '\\boxed{',
    '1 ',
    '1,2\n',
    '| ',
    'the answer is A ',
    '```',
    ', ',
    '<tool_call>',
    '<tool_call>{}</tool_call>',
    '2021-',
    '1:',
    '"',
  ])('a megabyte of %j is judged in bounded time', async (unit) => {
    const verify: Verifier = await loadVerifier(kind);
    const response = unit.repeat(Math.floor(1_000_000 / unit.length));
    for (const { reference, options } of fixtures.filter((fixture) => fixture.kind === 'full').slice(0, 1)) {
      const startedMs = performance.now();
      verify(response, reference, options);
      // Some tens of milliseconds alone on a core; the margin is for a busy machine.
      expect(performance.now() - startedMs).toBeLessThan(1500);
    }
  });
});
