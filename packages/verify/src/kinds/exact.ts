import { correct, incorrect, unscorable, type Verdict } from '../verdict.js';

/** The response, trimmed, equals the reference (a string, or one of several), trimmed: character for character. */
export function verifyExact(response: string, reference: unknown): Verdict {
  const accepted = Array.isArray(reference) ? reference : [reference];
  if (accepted.length === 0 || !accepted.every((each) => typeof each === 'string')) {
    return unscorable('bad-reference', { feedback: 'the reference must be a string or a list of strings' });
  }
  const extracted = response.trim();
  if (accepted.some((each) => each.trim() === extracted)) return correct('equal', { extracted });
  return incorrect(extracted === '' ? 'no-answer' : 'different', { extracted: extracted === '' ? null : extracted });
}
