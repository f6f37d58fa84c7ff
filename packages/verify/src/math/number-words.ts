import { integer, type Expr } from './ast.js';

const numerals =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'.split(
    ' ',
  );

const fractions: Readonly<Record<string, readonly [number, number]>> = {
  half: [1, 2],
  'one half': [1, 2],
  'one-half': [1, 2],
  'a half': [1, 2],
  'one third': [1, 3],
  'one-third': [1, 3],
  'two thirds': [2, 3],
  'two-thirds': [2, 3],
  'one quarter': [1, 4],
  'one-quarter': [1, 4],
  'one fourth': [1, 4],
  'one-fourth': [1, 4],
  'three quarters': [3, 4],
  'three-quarters': [3, 4],
  'three fourths': [3, 4],
  'three-fourths': [3, 4],
  'one fifth': [1, 5],
  'one-fifth': [1, 5],
};

const MAX_LENGTH = 20;

/** A number written as words, such as `seven` or `two thirds`; null for anything else. */
export function readNumberWords(text: string): Expr | null {
  if (text.length > MAX_LENGTH) return null;
  const words = text.toLowerCase();
  const value = numerals.indexOf(words);
  if (value >= 0) return integer(value);
  const fraction = Object.hasOwn(fractions, words) ? fractions[words] : undefined;
  if (fraction === undefined) return null;
  return { kind: 'quotient', top: integer(fraction[0]), bottom: integer(fraction[1]) };
}

const phrases: readonly (readonly [Expr, readonly string[]])[] = [
  [
    { kind: 'namedSet', name: 'real' },
    ['all real numbers', 'all reals', 'real numbers', 'any real number', 'all real x', 'all real values'],
  ],
  [
    { kind: 'namedSet', name: 'empty' },
    [
      'no solution',
      'no solutions',
      'no real solution',
      'no real solutions',
      'empty set',
      'none',
      'no answer',
      'no such number',
      'no such numbers',
    ],
  ],
];

/** A set named by words: `all real numbers`, `no solution`; null for anything else. */
export function readPhrase(words: string): Expr | null {
  if (words.length > MAX_LENGTH) return null;
  for (const [expr, names] of phrases) if (names.includes(words)) return expr;
  return null;
}
