import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultOrder, extractAnswer, extractReference, lastChoice } from './index.js';

describe('extractAnswer', () => {
  test.each([
    ['so \\boxed{\\frac{1}{2}} it is', 'boxed', '\\frac{1}{2}'],
    ['first \\boxed{1} then \\boxed{2}', 'boxed', '2'],
    ['\\boxed{1} and \\boxed{2}', 'boxed', '1 \\text{ and } 2'],
    ['\\boxed 7', 'boxed', '7'],
    ['\\fbox{a{b}c}', 'boxed', 'a{b}c'],
    ['\\boxed{\\{1\\}}', 'boxed', '\\{1\\}'],
    ['steps\n#### 1,234\n', 'hash', '1,234'],
    ['####: 55', 'hash', '55'],
    ['<answer> 7 </answer>', 'answer-tag', '7'],
    ['<answer>it is \\boxed{8}</answer>', 'answer-tag', '8'],
    ['The answer is $x = 5$.', 'phrase', 'x = 5'],
    ['The answer is 42. I hope it is correct.', 'phrase', '42'],
    ['\\boxed{1} Final Answer: The final answer is $2$.', 'final-phrase', '2'],
    ['Final Answer: The largest $n$ is 34.', 'final-phrase', '34'],
    ['**Final Answer**\n\\boxed{189}', 'final-phrase', '189'],
    ['答案：每份应该是 (\\frac{2}{5}) 吨。', 'phrase', '(\\frac{2}{5})'],
    ['x^2 + 1', 'bare', 'x^2 + 1'],
    ['We find that $x < 3$ holds here.', 'formula', 'x < 3'],
    ['He pays $5 and then $7 for all of it, so 12', 'number', '12'],
    ['it grows by 100% in the end, as we said', 'number', '100%'],
    ['the temperature drops to -3 in the night', 'number', '-3'],
    ['which leaves them with 5-3 for the walk home', 'number', '3'],
    ['the area of it is 15 cm^2 as they said', 'number', '15'],
    ['the whole thing gives 3/4 of the old one', 'number', '3/4'],
    ['<think>\\boxed{1}</think> so \\boxed{2}', 'boxed', '2'],
  ] as const)('%j', (text, kind, answer) => {
    expect(extractAnswer(text)).toMatchObject({ kind, text: answer });
  });

  test.each(['', '   ', '<think>it must be 5', 'I do not know what anyone would want to say about that.'])(
    'nothing in %j',
    (text) => {
      expect(extractAnswer(text)).toBeNull();
    },
  );

  test('says from where', () => {
    const text = 'We get \\boxed{42}.';
    const { start, end } = extractAnswer(text) ?? { start: 0, end: 0 };
    expect(text.slice(start, end)).toBe('\\boxed{42}');
    const long = `${'word '.repeat(100_000)}\\boxed{7}`;
    const found = extractAnswer(long) ?? { start: 0, end: 0 };
    expect(long.slice(found.start, found.end)).toBe('\\boxed{7}');
  });

  test('in the order and with the boxes asked for', () => {
    const text = '\\boxed{1} so \\boxed{2}\n#### 3';
    expect(extractAnswer(text, { order: ['hash', 'boxed'] })?.text).toBe('3');
    expect(extractAnswer(text, { boxes: 'first' })?.text).toBe('1');
    expect(extractAnswer(text, { boxes: 'all' })?.parts).toEqual(['1', '2']);
    expect(extractAnswer('<think>\\boxed{1}</think>', { skipThinking: false })?.text).toBe('1');
    expect(extractAnswer('<think>\\boxed{1}</think>')).toBeNull();
    expect(extractAnswer('plain 5', { order: ['boxed'] })).toBeNull();
  });

  test('a box is found whatever stands around it', () => {
    const noise = fc.string({ maxLength: 40 }).filter((text) => !/[\\{}<>#]|answer/i.test(text));
    fc.assert(
      fc.property(noise, fc.integer(), noise, (before, value, after) => {
        expect(extractAnswer(`${before}\\boxed{${value}}${after}`)?.parts).toEqual([String(value)]);
      }),
    );
  });

  test('offsets lie in the text for any input and place', () => {
    const piece = fc.constantFrom(
      '\\boxed{',
      '}',
      '$',
      '#### ',
      '<answer>',
      '</answer>',
      '5',
      ' the answer is ',
      '\\(',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.constantFrom(...defaultOrder), (pieces, kind) => {
        const text = pieces.join('');
        const found = extractAnswer(text, { order: [kind] });
        if (found === null) return;
        expect(found.start).toBeGreaterThanOrEqual(0);
        expect(found.end).toBeGreaterThanOrEqual(found.start);
        expect(found.end).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});

test('extractReference reads solutions, lists of formulas and bare answers', () => {
  expect(extractReference('Thus \\[ \\boxed{3} \\]').text).toBe('3');
  expect(extractReference('$1$ and $2$ and $3$').parts).toEqual(['1', '2', '3']);
  expect(extractReference(' x + 1 ').text).toBe('x + 1');
  expect(extractReference('work\n#### 12').text).toBe('12');
});

test('lastChoice takes a decision, not any capital', () => {
  expect(lastChoice('réponse est C non A')?.text).toBe('C');
  expect(lastChoice('La respuesta correcta es D')?.text).toBe('D');
  expect(lastChoice('正解はBです')?.text).toBe('B');
  expect(lastChoice('정답은 C입니다')?.text).toBe('C');
  expect(lastChoice("It's not A, therefore I think it's B")?.text).toBe('B');
  expect(lastChoice('So the answer is "C".')?.text).toBe('C');
  expect(lastChoice('It contains vitamin C.')).toBeNull();
  expect(lastChoice('A dog is here')).toBeNull();
  expect(lastChoice('The answer is not B.')).toBeNull();
});
