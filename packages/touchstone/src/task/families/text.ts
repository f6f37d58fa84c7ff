import { fault } from './family.js';
import type { Fault } from './family.js';

/**
 * Shows a piece of a response in feedback: at most 40 characters of it, on one line, everything escaped that could move
 * a terminal's cursor or turn the writing direction.
 */
export function quote(text: string): string {
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);
  return shown.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Removes spaces and tabs, which never change the meaning of a line of working. */
export function squeeze(line: string): string {
  return line.replace(/[ \t]+/g, '');
}

/** An integer in its one spelling (`-0` and leading zeros gone, no plus), or null when the text is not one. */
export function canonicalInteger(text: string): string | null {
  const match = /^([+-]?)0*(\d{1,400})$/.exec(text.trim());
  if (match === null) return null;
  const [, sign = '', digits = ''] = match;
  return sign === '-' && digits !== '0' ? `-${digits}` : digits;
}

/** Judges an answer that must be this integer. The truth stays out of the words: feedback may reach the model. */
export function judgeInteger(answer: string, truth: string): Fault | null {
  const value = canonicalInteger(answer);
  if (value === null) return fault('not-an-integer', `the answer ${quote(answer)} is not an integer`);
  return value === truth ? null : fault('not-equal', `the answer ${quote(value)} is wrong`);
}
