/**
 * @file Character classes and word splitting shared by the text checkers. They follow Unicode and count code points,
 * so that counts agree with the benchmarks, whose checkers are written in Python.
 */

/** The 32 ASCII punctuation characters. */
export const asciiPunctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

const whitespaceClass = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const whitespaceRun = new RegExp(`[${whitespaceClass}]+`, 'u');
const whitespaceCharacter = new RegExp(`[${whitespaceClass}]`, 'u');
const punctuationCharacters = /[!-/:-@[-`{-~]/g;
const wordRun = /[\p{L}\p{N}_]+/gu;
const wordCharacter = /[\p{L}\p{N}_]/u;

/** True for a string that holds a whitespace character (Unicode, separators U+001C to U+001F included). */
export function hasWhitespace(text: string): boolean {
  return whitespaceCharacter.test(text);
}

/** The maximal runs of letters, digits and underscores: the benchmarks' notion of a counted word. */
export function wordRuns(text: string): string[] {
  return text.match(wordRun) ?? [];
}

/** The pieces between runs of whitespace, without empty ones. */
export function splitWhitespace(text: string): string[] {
  const pieces = text.split(whitespaceRun);
  if (pieces[0] === '') pieces.shift();
  if (pieces.at(-1) === '') pieces.pop();
  return pieces;
}

/** The text without ASCII punctuation. */
export function removePunctuation(text: string): string {
  return text.replace(punctuationCharacters, '');
}

/** Drops characters from both ends while `inSet` holds; works on UTF-16 units, which is enough for sets within the BMP. */
export function stripWhile(
  text: string,
  inSet: (character: string) => boolean,
  ends: 'both' | 'start' | 'end' = 'both',
): string {
  let start = 0;
  let end = text.length;
  if (ends !== 'end') while (start < end && inSet(text.charAt(start))) start++;
  if (ends !== 'start') while (end > start && inSet(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Drops whitespace from both ends. */
export function strip(text: string): string {
  return stripWhile(text, hasWhitespace);
}

/** Drops ASCII punctuation and spaces from the ends. */
export function stripPunctuation(text: string, ends: 'both' | 'start' | 'end' = 'both'): string {
  return stripWhile(text, (character) => character === ' ' || asciiPunctuation.includes(character), ends);
}

/** The first code point of a string, or the empty string. */
export function firstCharacter(text: string): string {
  const code = text.codePointAt(0);
  return code === undefined ? '' : String.fromCodePoint(code);
}

/** Number of code points. */
export function codePointLength(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** True when every cased letter is upper case and there is one. */
export function isUpperCase(text: string): boolean {
  return /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
}

/** True when every cased letter is lower case and there is one. */
export function isLowerCase(text: string): boolean {
  return /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
}

/** The text without accents and then without anything outside ASCII: `São Tomé` gives `Sao Tome`. */
export function toAscii(text: string): string {
  // eslint-disable-next-line no-control-regex -- ASCII begins with the control characters
  return text.normalize('NFKD').replace(/[^\x00-\x7f]/gu, '');
}

/** Number of non-overlapping occurrences of `needle`; 0 for an empty needle. */
export function countOccurrences(haystack: string, needle: string): number {
  if (needle === '') return 0;
  let count = 0;
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + needle.length)) count++;
  return count;
}

function isWordAt(text: string, index: number): boolean {
  const code = text.codePointAt(index);
  return code !== undefined && wordCharacter.test(String.fromCodePoint(code));
}

function isWordBefore(text: string, index: number): boolean {
  if (index === 0) return false;
  const unit = text.charCodeAt(index - 1);
  const isLowSurrogate = unit >= 0xdc00 && unit <= 0xdfff;
  return isWordAt(text, isLowSurrogate && index > 1 ? index - 2 : index - 1);
}

/** True when `word` occurs with a word boundary at both of its ends; boundaries follow Unicode letters and digits. */
export function containsWord(text: string, word: string): boolean {
  if (word === '') return false;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const end = at + word.length;
    if (isWordBefore(text, at) !== isWordAt(text, at) && isWordBefore(text, end) !== isWordAt(text, end)) return true;
  }
  return false;
}
