import { z } from 'zod';
import type { Random } from '../../random.js';
import { fault } from '../families/family.js';
import type { Fault } from '../families/family.js';
import { quote } from '../families/text.js';

/** What a constraint leaves open: a number of words, a phrase, or nothing. */
export type Parameter = string | number | null;

export type ConstraintName = 'lower-case' | 'exact-words' | 'end-phrase' | 'json-only';

/**
 * One thing asked of the form of an answer, whatever its content. What these do not judge: whether the question is
 * answered at all. A policy trained on them alone may learn to say little; mix them with tasks that judge content.
 */
export interface Constraint {
  /** The parameter of one task. */
  draw(random: Random, settings: ConstraintSettings): Parameter;
  /** The sentence that is added to the question. */
  instruct(parameter: Parameter): string;
  /** Null when the response obeys. Total and linear in the length of the response. */
  judge(response: string, parameter: Parameter): Fault | null;
}

export const constraintSettings = {
  minWords: z.int().min(1).max(500).default(3).describe('fewest words that exact-words asks for'),
  maxWords: z.int().min(1).max(500).default(15).describe('most words that exact-words asks for'),
  phrases: z
    .array(z.string().trim().min(1))
    .min(1)
    .default(['That is all.', 'I hope this helps.', 'Thank you for asking.', 'Is there anything else?'])
    .describe('phrases that end-phrase asks for'),
};

export interface ConstraintSettings {
  readonly minWords: number;
  readonly maxWords: number;
  readonly phrases: readonly string[];
}

/** Runs of anything but white space that hold a letter or a digit: a dash alone is no word, `don't` and `24-hour` are one. */
export function countWords(text: string): number {
  return text.split(/\s+/u).filter((run) => /[\p{L}\p{N}]/u.test(run)).length;
}

const lowerCase: Constraint = {
  draw: () => null,
  instruct: () => 'Write your whole answer in lower case letters; use no capital letters.',
  judge: (response) => {
    const capital = /[\p{Lu}\p{Lt}]/u.exec(response);
    if (capital !== null) return fault('capital-letter', `the answer has the capital letter ${quote(capital[0])}`);
    return /\p{Ll}/u.test(response) ? null : fault('no-letters', 'the answer has no letters');
  },
};

const exactWords: Constraint = {
  draw: (random, { minWords, maxWords }) => random.integer(minWords, maxWords),
  instruct: (words) => `Answer with exactly ${String(words)} ${words === 1 ? 'word' : 'words'}.`,
  judge: (response, words) => {
    const count = countWords(response);
    return count === words ? null : fault('wrong-count', `the answer has ${count} words`);
  },
};

const endPhrase: Constraint = {
  draw: (random, { phrases }) => random.pick(phrases),
  instruct: (phrase) => `End your answer with exactly this phrase and nothing after it: ${String(phrase)}`,
  judge: (response, phrase) => {
    const text = response.trimEnd();
    if (!text.endsWith(String(phrase))) return fault('other-end', `the answer ends with ${quote(text.slice(-30))}`);
    const before = text.slice(0, text.length - String(phrase).length);
    return /[\p{L}\p{N}]/u.test(before) ? null : fault('phrase-only', 'the answer is the phrase and nothing else');
  },
};

const jsonOnly: Constraint = {
  draw: () => null,
  instruct: () => 'Answer with one JSON object and nothing else, neither before nor after it.',
  judge: (response) => {
    let value: unknown;
    try {
      value = JSON.parse(response);
    } catch {
      return fault('not-json', 'the answer is not JSON alone');
    }
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) return fault('not-an-object', 'the answer is JSON, but not an object');
    return Object.keys(value as object).length > 0 ? null : fault('empty-object', 'the object is empty');
  },
};

export const constraints: { readonly [Name in ConstraintName]: Constraint } = {
  'lower-case': lowerCase,
  'exact-words': exactWords,
  'end-phrase': endPhrase,
  'json-only': jsonOnly,
};
