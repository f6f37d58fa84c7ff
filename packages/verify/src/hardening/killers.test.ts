import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifierFixtures } from '../kinds/fixtures.js';
import { loadVerifier, verifierKinds, type Verifier } from '../registry.js';
import { killers } from './killers.js';

/**
 * On an idle core every case ends within 50 ms, which TOUCHSTONE_STRICT_TIMES=1 asserts; otherwise the limit leaves room
 * for a machine that is busy with other things. TOUCHSTONE_FUZZ sets the number of fuzzed responses over all verifiers.
 */
const LIMIT_MS = process.env.TOUCHSTONE_STRICT_TIMES === '1' ? 50 : 1000;
const FUZZ_RUNS = Number(process.env.TOUCHSTONE_FUZZ ?? 2600);

/** The shortest of up to three tries: what the work takes, not what the machine was doing beside it. */
function shortestMs(work: () => void): number {
  let shortest = Infinity;
  for (let attempt = 0; attempt < 3 && shortest > 25; attempt++) {
    const started = performance.now();
    work();
    shortest = Math.min(shortest, performance.now() - started);
  }
  return shortest;
}

const word = fc.oneof(
  fc.constantFrom('x', 'y', 'n', 'pi', '\\pi', 'i', 'e', '\\infty', '\\varnothing', '0', '1', '-1', '2', '10', '0.5'),
  fc.integer({ min: -99, max: 99_999_999 }).map(String),
  fc.constantFrom(
    '9'.repeat(300),
    '1e400',
    '0.' + '3'.repeat(200),
    '1,000,000',
    '3 1/2',
    '50\\%',
    '5\\text{ cm}',
    '\\$7',
  ),
);

/** Formulas that mean something, formulas cut short, and formulas that grow: the grammar of what models write. */
const formula = fc.letrec<{ term: string; formula: string }>((tie) => ({
  term: fc.oneof({ maxDepth: 6, withCrossShrink: true }, word, tie('formula')),
  formula: fc.oneof(
    { maxDepth: 6 },
    word,
    fc
      .tuple(
        tie('term'),
        fc.constantFrom('+', '-', '*', '/', '^', '=', '<', '\\le', '\\pm', ',', '\\cup', ' ', '\\cdot', ':', ';'),
        tie('term'),
      )
      .map((parts) => parts.join('')),
    fc
      .tuple(
        fc.constantFrom(
          '(',
          '[',
          '\\{',
          '\\left(',
          '|',
          '\\lfloor ',
          '\\frac{',
          '\\sqrt{',
          '\\sqrt[3]{',
          '\\sin',
          '\\log_2',
          '\\binom{',
          '\\text{',
          '\\overline{',
        ),
        tie('term'),
        fc.constantFrom(')', ']', '\\}', '\\right)', '|', '\\rfloor', '}{2}', '}', '!', '^{9}', '^{', '^{-1}', ''),
      )
      .map((parts) => parts.join('')),
    fc.tuple(tie('term'), tie('term')).map(([base, power]) => `{${base}}^{${power}}`),
    fc.tuple(tie('term'), tie('term')).map(([from, to]) => `\\sum_{k=${from}}^{${to}} k^{${to}}`),
    fc
      .array(tie('term'), { maxLength: 5 })
      .map((cells) => `\\begin{pmatrix}${cells.join('&')}\\\\${cells.join('&')}\\end{pmatrix}`),
  ),
})).formula;

const frame = fc.constantFrom<(inner: string) => string>(
  (inner) => inner,
  (inner) => `\\boxed{${inner}}`,
  (inner) => `The answer is $${inner}$.`,
  (inner) => `<think>${inner}</think><answer>${inner}</answer>`,
  (inner) => `#### ${inner}`,
  (inner) => `\\boxed{${inner}} or \\boxed{${inner}`,
  (inner) => `{"answer": "${inner}"}`,
  (inner) => `${inner}\n- ${inner}\n1. ${inner}`,
);

const noise = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc
    .tuple(
      fc.constantFrom('(', '{', '\\frac{', '^', '!', '1,', ' ', '$', '<answer>', '\\\\', '&', '"', '[', 'a'),
      fc.integer({ min: 1, max: 3000 }),
    )
    .map(([piece, times]) => piece.repeat(times)),
);

const hostile = fc
  .tuple(frame, fc.oneof({ weight: 4, arbitrary: formula }, { weight: 1, arbitrary: noise }), noise)
  .map(([wrap, inner, tail]) => `${tail.slice(0, 20)} ${wrap(inner)}${tail.length % 3 === 0 ? tail : ''}`);

describe.each(verifierKinds)('%s', (kind) => {
  const tasks = verifierFixtures[kind].filter((fixture) => fixture.kind === 'full');
  let verify: Verifier;
  beforeAll(async () => {
    verify = await loadVerifier(kind);
    for (const { response, reference, options } of verifierFixtures[kind]) verify(response, reference, options);
  });

  it.each(Object.entries(killers))('%s is judged at once', (_, response) => {
    const [task] = tasks;
    const took = shortestMs(() => {
      const { score, outcome } = verify(response, task?.reference, task?.options);
      expect(score).toBeLessThanOrEqual(1);
      expect(['correct', 'incorrect', 'unscorable']).toContain(outcome);
    });
    expect(took).toBeLessThan(LIMIT_MS);
  });

  it('fuzzed formulas never throw and are judged in time', () => {
    let slowest = { took: 0, response: '' };
    fc.assert(
      fc.property(hostile, fc.constantFrom(...tasks), (response, { reference, options }) => {
        const started = performance.now();
        const { score, reason } = verify(response, reference, options);
        const took = performance.now() - started;
        if (took > slowest.took) slowest = { took, response };
        return score >= 0 && score <= 1 && reason !== '';
      }),
      { numRuns: Math.ceil(FUZZ_RUNS / verifierKinds.length) },
    );
    const { response } = slowest;
    const again = shortestMs(() =>
      tasks.forEach(({ reference, options }) => void verify(response, reference, options)),
    );
    expect(again / tasks.length, response.slice(0, 500)).toBeLessThan(LIMIT_MS);
  }, 1_200_000);
});

describe('fuzzed references', () => {
  it.each(verifierKinds)('%s judges against any reference without throwing', async (kind) => {
    const verify = await loadVerifier(kind);
    fc.assert(
      fc.property(hostile, fc.oneof(hostile, fc.jsonValue()), (response, reference) => {
        const { score } = verify(response, reference);
        return score >= 0 && score <= 1;
      }),
      { numRuns: 60 },
    );
  });
});
