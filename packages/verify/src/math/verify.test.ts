import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differentAnswers, equalAnswers } from './answers.fixture.js';
import { traps } from './traps.fixture.js';
import { compareAnswers, mathEqual, verifyMath } from './index.js';
import { verifyMathReference } from './verify.js';

describe('verifyMath', () => {
  test.each(equalAnswers)('%j is %j', (response, reference) => {
    expect(verifyMath(response, reference)).toMatchObject({ outcome: 'correct', score: 1 });
  });

  test.each(differentAnswers)('%j is not %j', (response, reference) => {
    expect(verifyMath(response, reference)).toMatchObject({ outcome: 'incorrect', score: 0 });
  });

  test.each(traps)('%j does not pass for %j', (response, reference) => {
    expect(verifyMath(response, reference).outcome).toBe('incorrect');
  });

  test('says why, and what it took', () => {
    expect(verifyMath('so \\boxed{\\frac{3}{2}}', '1.5')).toMatchObject({ reason: 'equal', extracted: '\\frac{3}{2}' });
    expect(verifyMath('<think>it is 5', '5')).toMatchObject({
      outcome: 'incorrect',
      reason: 'no-answer',
      extracted: null,
    });
    expect(verifyMath('5', '')).toMatchObject({ outcome: 'unscorable', reason: 'reference-empty' });
    expect(verifyMath('\\boxed{9^{9^{9^9}}}', '5')).toMatchObject({ outcome: 'incorrect' });
  });

  test('a reference may be a whole solution', () => {
    const solution = 'Since $x^2 = 9$ and $x > 0$, we get $x = \\boxed{3}$.';
    expect(verifyMath('The answer is 3.', solution).outcome).toBe('correct');
    expect(verifyMath('The answer is 9.', solution).outcome).toBe('incorrect');
  });

  test('naming several candidates is not an answer', () => {
    for (const hedge of ['\\boxed{3} or \\boxed{4}', 'The answer is 3 or 4.', '\\boxed{3, 4}', '\\boxed{1,2,3,4,5}']) {
      expect(verifyMath(hedge, '3').outcome).toBe('incorrect');
    }
  });
});

describe('tolerance', () => {
  test('is asked for, or stated by the digits', () => {
    expect(mathEqual('2.67', '\\frac{8}{3}')).toBe(false);
    expect(mathEqual('2.67', '\\frac{8}{3}', { decimals: 2 })).toBe(true);
    expect(mathEqual('2.68', '\\frac{8}{3}', { decimals: 2 })).toBe(false);
    expect(mathEqual('101', '100', { relative: 0.01 })).toBe(true);
    expect(mathEqual('101.5', '100', { relative: 0.01 })).toBe(false);
    expect(mathEqual('3.2', '\\pi', { absolute: 0.1 })).toBe(true);
  });

  test('as options of the registered kind', () => {
    expect(verifyMathReference('(0.6,2.6667]', '(\\frac35,\\frac83]', { decimals: 2 }).outcome).toBe('correct');
    expect(verifyMathReference('7', ['6', 7]).outcome).toBe('correct');
    expect(verifyMathReference('7', { answer: 7 })).toMatchObject({ outcome: 'unscorable', reason: 'bad-reference' });
    expect(verifyMathReference('7', []).outcome).toBe('unscorable');
  });

  test('does not blur exact constants that agree as doubles', () => {
    expect(mathEqual('\\sqrt{10^{20}+1}', '10^{10}')).toBe(false);
    expect(mathEqual('e^{\\pi\\sqrt{163}}', '262537412640768744')).toBe(false);
    expect(mathEqual('4\\arctan\\frac15-\\arctan\\frac1{239}', '\\frac\\pi4')).toBe(true);
    expect(mathEqual('\\sqrt[3]{2+\\sqrt5}+\\sqrt[3]{2-\\sqrt5}', '1')).toBe(true);
  });
});

describe('equality of written numbers', () => {
  const decimal = fc
    .tuple(fc.integer({ min: -99999, max: 99999 }), fc.integer({ min: 0, max: 3 }))
    .map(([digits, places]) => ({ value: digits / 10 ** places, text: (digits / 10 ** places).toFixed(places) }));

  test('decimals equal fractions, and only the right ones', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const scaled = Math.round(b.value * 1000);
        expect(mathEqual(a.text, `\\frac{${scaled}}{1000}`)).toBe(Math.round(a.value * 1000) === scaled);
      }),
      { numRuns: 200 },
    );
  });

  test('equality is symmetric for exact answers', () => {
    const answer = fc.constantFrom(
      ...['1/2', '0.5', '50\\%', '\\frac{2}{4}', '(1,2)', '\\{1,2\\}', 'x+1', '1+x', '[0,1]', '2\\pi', '\\sqrt2'],
    );
    fc.assert(
      fc.property(answer, answer, (a, b) => {
        expect(mathEqual(a, b)).toBe(mathEqual(b, a));
      }),
    );
  });
});

describe('equality of polynomials', () => {
  const coefficient = fc.integer({ min: -9, max: 9 });

  test('a product equals its expansion', () => {
    fc.assert(
      fc.property(coefficient, coefficient, coefficient, coefficient, (a, b, c, d) => {
        const product = `(${a}x+(${b}))(${c}x+(${d}))`;
        const expansion = `${a * c}x^2+(${a * d + b * c})x+(${b * d})`;
        expect(mathEqual(product, expansion)).toBe(true);
        expect(mathEqual(product, `${expansion}+1`)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test('and a linear equation equals its multiples', () => {
    fc.assert(
      fc.property(coefficient, coefficient, coefficient, fc.integer({ min: 1, max: 9 }), (a, b, c, k) => {
        fc.pre(a !== 0 && b !== 0);
        const equation = `${a}x+(${b})y=${c}`;
        expect(mathEqual(`${a * k}x+(${b * k})y=${c * k}`, equation)).toBe(true);
        expect(mathEqual(`${a * k}x+(${b * k})y=${c * k + 1}`, equation)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

test('compareAnswers names its reason', () => {
  expect(compareAnswers('5', '5').reason).toBe('equal-text');
  expect(compareAnswers('5.0', '5').reason).toBe('equal-number');
  expect(compareAnswers('10/2', '5').reason).toBe('equal');
  expect(compareAnswers('Not possible!', 'not possible').reason).toBe('equal-words');
  expect(compareAnswers('6', '5').reason).toBe('different');
  expect(compareAnswers('('.repeat(500), '5').reason).toBe('too-deep');
  expect(compareAnswers(`${'1+'.repeat(3000)}1`, '5').reason).toBe('too-long');
});
