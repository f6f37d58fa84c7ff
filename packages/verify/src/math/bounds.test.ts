import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { verifyMath } from './index.js';

const LIMIT_MS = 50;
/** A busy machine is not a slow verdict: the best of a few tries counts, by the clock or by the time on a processor. */
const TRIES = 8;

function timed(response: string, reference: string): { ms: number; verdict: ReturnType<typeof verifyMath> } {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const verdict = verifyMath(response, reference);
  const clock = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  return { ms: Math.min(clock, (user + system) / 1000), verdict };
}

function fastest(response: string, reference: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES && best > LIMIT_MS; attempt += 1) {
    const { ms, verdict } = timed(response, reference);
    best = Math.min(best, ms);
    expect(verdict.reason).not.toBe('');
  }
  return best;
}

const boxed = (content: string): string => `\\boxed{${content}}`;
const list = (count: number, item: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(',');

const killers: Readonly<Record<string, string>> = {
  'a tower of powers': boxed('9^{9^{9^9}}'),
  'a taller tower': boxed('9^{9^{9^{9^{9^{9^{9}}}}}}'),
  'a tower in plain text': '9^9^9^9^9^9',
  'a huge factorial': boxed('99999999!'),
  'factorials of factorials': boxed('((((9!)!)!)!)!'),
  'five thousand factorial signs': boxed(`9${'!'.repeat(5000)}`),
  'a huge binomial': boxed('\\binom{1000000}{500000}'),
  'a huge exponent': '1e999999999',
  'an exponent of thousands of digits': boxed(`1e${'9'.repeat(5000)}`),
  'ten thousand brackets': boxed(`${'('.repeat(10_000)}1${')'.repeat(10_000)}`),
  'ten thousand braces': boxed(`${'{'.repeat(10_000)}1${'}'.repeat(10_000)}`),
  'ten thousand open boxes': '\\boxed{'.repeat(10_000),
  'three thousand roots': boxed(`${'\\sqrt{'.repeat(3000)}2${'}'.repeat(3000)}`),
  'forty nested surds': boxed(`${'\\sqrt{2+'.repeat(40)}2${'}'.repeat(40)}`),
  'a continued fraction': boxed(`${'\\frac{x+1}{y+'.repeat(28)}z${'}'.repeat(28)}`),
  'a power of a polynomial': boxed('(a+b+c+d+e+f)^{50}'),
  'two hundred factors': boxed('(x+y+z+w)'.repeat(200)),
  'three nested sums': boxed('\\sum_{i=1}^{400}\\sum_{j=1}^{400}\\sum_{k=1}^{400} ijk'),
  'sixty surds to the twentieth': boxed(`(${list(60, (i) => `\\sqrt{${i + 2}}`).replaceAll(',', '+')})^{20}`),
  'sixty unlike denominators': boxed(list(60, (i) => `\\frac{1}{x+${i}}`).replaceAll(',', '+')),
  'two thousand items': boxed(`\\{${list(2000, String)}\\}`),
  'two hundred hard items': boxed(`\\{${list(190, (i) => `\\sqrt{${i}}+\\sin(${i})`)}\\}`),
  'a matrix of forty thousand entries': boxed(
    `\\begin{pmatrix}${`${'1&'.repeat(200)}1\\\\`.repeat(200)}\\end{pmatrix}`,
  ),
  'forty matrices multiplied': boxed('\\begin{pmatrix}a&b\\\\c&d\\end{pmatrix}'.repeat(40)),
  'plus-minus five hundred times': boxed(`${'1\\pm'.repeat(500)}2`),
  'four hundred intervals': boxed(`${'[0,1]\\cup'.repeat(400)}[0,1]`),
  'a chain of inequalities': boxed(`${'x<'.repeat(800)}1`),
  'words within words': boxed('\\text{'.repeat(2000)),
  'styles within styles': boxed(`${'\\mathbf{1'.repeat(700)}${'}'.repeat(700)}`),
  'bars that never close': boxed('|x'.repeat(1000)),
  'a megabyte of digits': '9'.repeat(1_000_000),
  'a megabyte in a box': boxed('9'.repeat(1_000_000)),
  'a megabyte of spaces': `${' '.repeat(1_000_000)}5`,
  'a megabyte of dollars': '$'.repeat(1_000_000),
  'a megabyte of open formulas': '\\('.repeat(500_000),
  'a megabyte of backslashes': '\\'.repeat(1_000_000),
  'a megabyte of boxes': '\\boxed{1} and '.repeat(70_000),
  'a megabyte of phrases': 'the answer is '.repeat(70_000),
  'a megabyte of tags': '<answer>'.repeat(125_000),
  'a megabyte of open thoughts': '<think>'.repeat(140_000),
  'a megabyte of closed thoughts': '</think>'.repeat(120_000),
  'a megabyte of commas': '1,'.repeat(500_000),
  'a megabyte of powers': 'x^'.repeat(500_000),
  'a megabyte of words and colons': 'aa:'.repeat(330_000),
  'the classic of backtracking': `${'a'.repeat(100_000)}!`,
};

describe('known killers end at once', () => {
  const references = ['\\frac{x+1}{2}', '\\{1,2,3\\}', '$x<3$'];

  test.each(Object.keys(killers))('%s', (name) => {
    const response = killers[name] ?? '';
    for (const reference of references) expect(fastest(response, reference)).toBeLessThan(LIMIT_MS);
    expect(fastest('\\boxed{x^2+1}', response)).toBeLessThan(LIMIT_MS);
  });
});

/** LaTeX as an adversary or a broken model writes it: real commands with missing, nested and repeated parts. */
const hostile = fc.letrec<{ piece: string; group: string }>((tie) => ({
  piece: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      ...`1 23 0 -4 0.5 1,000 1e9 999999999999 x y n \\pi e i \\infty + - * / ^ _ = < > \\le \\in , ; : ! % ' | & \\\\ \\{ \\}
      ( ) [ ] { } $ \\( \\) \\[ \\] \\left( \\right) \\pm \\cup \\cap \\setminus \\mathbb{R} \\emptyset \\sin \\log \\ln
      \\cdot \\times \\frac \\sqrt \\binom \\sum_{k=1}^{9} \\int \\lim \\text{ \\text{cm} \\boxed{ \\begin{pmatrix} \\end{pmatrix}
      \\begin{cases} \\end{cases} \\circ \\overline and or is answer #### <think> </think> <answer> </answer> \\quad \\not ² √ ，
      \\pmod{7} \\bmod \\overline{3} °`.split(/\s+/),
    ),
    tie('group'),
    fc.string({ maxLength: 6, unit: 'binary' }),
  ),
  group: fc.oneof(
    fc.tuple(tie('piece'), tie('piece')).map(([a, b]) => `\\frac{${a}}{${b}}`),
    fc.tuple(tie('piece'), tie('piece')).map(([a, b]) => `{${a}}^{${b}}`),
    tie('piece').map((a) => `\\sqrt{${a}}`),
    fc.tuple(tie('piece'), tie('piece')).map(([a, b]) => `(${a},${b})`),
    tie('piece').map((a) => `\\left\\{${a}\\right\\}`),
    tie('piece').map((a) => `\\boxed{${a}}`),
    tie('piece').map((a) => `(${a})!`),
    fc.tuple(tie('piece'), fc.integer({ min: 2, max: 60 })).map(([a, times]) => a.slice(0, 40).repeat(times)),
  ),
}));

const answer = fc.array(hostile.piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join(''));

/** TOUCHSTONE_FUZZ=200000 runs the long version. */
const numRuns = Number(process.env['TOUCHSTONE_FUZZ'] ?? 2_000);

test(`${numRuns} hostile answers: no throw, no late verdict, the same twice`, () => {
  fc.assert(
    fc.property(answer, answer, fc.boolean(), (response, reference, inBox) => {
      const text = inBox ? boxed(response) : response;
      const started = performance.now();
      const first = verifyMath(text, reference);
      if (performance.now() - started > LIMIT_MS) expect(fastest(text, reference)).toBeLessThan(LIMIT_MS);
      const second = verifyMath(text, reference);
      expect({ ...second, elapsedMs: 0 }).toEqual({ ...first, elapsedMs: 0 });
      expect(['correct', 'incorrect', 'unscorable']).toContain(first.outcome);
    }),
    { numRuns, seed: 20_261_123 },
  );
}, 600_000);
