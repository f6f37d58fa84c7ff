import type { Verdict } from '@touchstone/verify';
import { correct, incorrect } from '@touchstone/verify';
import { quote } from '../families/text.js';
import { ANSWER_MARKER } from '../working.js';

const MAX_ANSWER = 400;

/**
 * A decimal number in one spelling, or null. Read as people write them in word problems: thousands separators, a
 * currency sign before, a percent sign or a full stop behind. `$1,050.50` and `1050.5` are the same number.
 */
export function canonicalDecimal(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^([+-]?)\s*[$€£]\s*/, '$1')
    .replace(/\s*%$/, '')
    .replace(/\.$/, '');
  const match = /^([+-]?)(\d{1,3}(?:,\d{3})+|\d{1,100})?(?:\.(\d{1,100}))?$/.exec(bare);
  if (match === null || (match[2] === undefined && match[3] === undefined)) return null;
  const whole = (match[2] ?? '0').replaceAll(',', '').replace(/^0+(?=\d)/, '');
  const decimals = (match[3] ?? '').replace(/0+$/, '');
  const size = decimals === '' ? whole : `${whole}.${decimals}`;
  return match[1] === '-' && size !== '0' ? `-${size}` : size;
}

/**
 * The GSM8K convention: the answer is the rest of the line after the last `####`. Numbers are compared as numbers,
 * exactly; everything else as text, with case and the space between words set aside.
 */
export function judgeMarkedAnswer(response: string, reference: string): Verdict {
  const started = performance.now();
  const place = response.lastIndexOf(ANSWER_MARKER);
  const elapsed = (): number => performance.now() - started;
  const tail = response.slice(place + ANSWER_MARKER.length, place + ANSWER_MARKER.length + MAX_ANSWER + 1);
  const extracted = place < 0 ? '' : (tail.split('\n')[0] ?? '').trim();
  if (extracted === '') {
    const feedback = `There is no answer after ${ANSWER_MARKER}.`;
    return incorrect('no-answer', { feedback, parts: { answer: 0 }, elapsedMs: elapsed() });
  }
  if (same(extracted, reference)) return correct('equal', { extracted, parts: { answer: 1 }, elapsedMs: elapsed() });
  const feedback = `The answer ${quote(extracted)} is wrong.`;
  return incorrect('not-equal', { extracted, feedback, parts: { answer: 0 }, elapsedMs: elapsed() });
}

function same(answer: string, reference: string): boolean {
  const number = canonicalDecimal(reference);
  if (number !== null) return canonicalDecimal(answer) === number;
  return plain(answer) === plain(reference);
}

function plain(text: string): string {
  return text.trim().toLowerCase().replace(/\s+/g, ' ').replace(/\.$/, '');
}
