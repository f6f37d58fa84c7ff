import { countWords } from './constraints.js';
import type { ConstraintName, Parameter } from './constraints.js';

/**
 * How near a response that disobeys comes to obeying, in [0, 1): a slope for policies that almost never obey, whose
 * groups would all be wrong and teach nothing. Total and linear in the length of the response. It rewards form as its
 * constraint does, so it can be played no further than obeying exactly.
 */
export const progress: { readonly [Name in ConstraintName]: (response: string, parameter: Parameter) => number } = {
  /** 1/2 with one capital letter, 1/3 with two, ...; 0 without a letter. */
  'lower-case': (response) => {
    const capitals = response.match(/[\p{Lu}\p{Lt}]/gu)?.length ?? 0;
    return capitals === 0 ? 0 : 1 / (1 + capitals);
  },
  /** Words asked for over words given, or the reverse, whichever is less than 1. */
  'exact-words': (response, words) => {
    const [given, asked] = [countWords(response), Number(words)];
    return given === 0 ? 0 : Math.min(given, asked) / Math.max(given, asked);
  },
  /** Up to 1/2 for the first words of the phrase anywhere; with the whole of it, the rest by how near the end it is. */
  'end-phrase': (response, phrase) => {
    const text = response.trimEnd();
    const words = String(phrase).split(' ');
    const known = words.findLastIndex((_, i) => text.includes(words.slice(0, i + 1).join(' '))) + 1;
    if (known < words.length) return (0.5 * known) / words.length;
    const end = text.lastIndexOf(String(phrase)) + String(phrase).length;
    return end === text.length ? 0.5 : 0.5 + (0.5 * end) / text.length;
  },
  /** A quarter for each brace in its place; with an object among other text, at least 1/2, by the object's share. */
  'json-only': (response) => {
    const text = response.trim();
    const [open, close] = [text.indexOf('{'), text.lastIndexOf('}') + 1];
    const braces = (open === 0 ? 0.25 : 0) + (close > 0 && close === text.length ? 0.25 : 0);
    if (open < 0 || close <= open || braces === 0.5) return braces;
    return isFilledObject(text.slice(open, close)) ? 0.5 + (0.5 * (close - open)) / text.length : braces;
  },
};

function isFilledObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  } catch {
    return false;
  }
}
