import { lastChoice } from '../extract/choice.js';
import { defaultOrder, extractAnswer, extractReference, type ExtractOptions } from '../extract/extract.js';
import type { ExtractionKind } from '../extract/span.js';
import { correct, incorrect, unscorable, withElapsed, type Verdict } from '../verdict.js';
import { compareAnswers, referenceFault, type EqualityReason } from './equal.js';
import { limits } from './limits.js';
import type { Tolerance } from './scalar.js';

export interface MathOptions extends ExtractOptions {
  /** How far apart two values may be. Default: equal, except for roundings that are stated by their digits. */
  readonly tolerance?: Tolerance;
}

const feedback: Readonly<Record<EqualityReason | 'no-answer' | 'reference-empty', string>> = {
  'equal-text': 'The answer is written as the reference is.',
  'equal-number': 'The answer is the same number as the reference.',
  equal: 'The answer means the same as the reference.',
  'equal-words': 'The answer has the words of the reference.',
  different: 'The answer is not equal to the reference.',
  unreadable: 'The answer is empty.',
  'too-long': 'The answer is longer than any answer that is read.',
  'too-deep': 'The answer is nested too deeply to be read.',
  'too-large': 'The answer holds a number or power that is too large to be compared.',
  'too-many-steps': 'Comparing the answer would take more steps than a check may.',
  'no-answer': 'No answer was found in the response.',
  'reference-empty': 'The reference is empty, so nothing can be compared with it.',
};

function isOptionLetter(text: string): boolean {
  return /^\(?[A-J]\)?\.?$/.test(text);
}

/** `B`, `(B)`, `B. Paris` and `\text{(B)}` name option B; a formula that starts with a capital does not. */
function optionLetter(text: string): string | null {
  const plain = text.replace(/\\(?:text|textbf|mathrm|mathbf|boldsymbol)\s*\{|[{}$*\s]/g, '');
  const found = /^\(?([A-J])(?:\)|\.|:|$)/.exec(plain);
  return found?.[1] ?? null;
}

function judged(extracted: string, reference: string, tolerance: Tolerance): Verdict {
  const letter = isOptionLetter(reference) ? optionLetter(reference) : null;
  const { equal, reason } = compareAnswers(extracted, reference, tolerance);
  const detail = { extracted, feedback: feedback[reason] };
  if (equal) return correct(reason, detail);
  if (letter !== null && optionLetter(extracted) === letter) {
    return correct('equal-text', { extracted, feedback: feedback['equal-text'] });
  }
  const fault = isPlainNumber(reference) ? null : referenceFault(reference);
  if (fault === null) return incorrect(reason, detail);
  return unscorable('bad-reference', {
    extracted,
    feedback: `The reference cannot be compared with anything but its own text: it is ${fault.replace('-', ' ')}.`,
  });
}

function isPlainNumber(text: string): boolean {
  return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text);
}

/** Whether two answers are equal, both in LaTeX or plain text and without any text around them. */
export function mathEqual(response: string, reference: string, tolerance: Tolerance = {}): boolean {
  return compareAnswers(response, reference, tolerance).equal;
}

/**
 * Checks the final answer of a response against a reference, which may be a bare answer or a whole solution.
 *
 * `verifyMath('... so the area is \\boxed{\\frac{3}{2}}', '1.5').outcome` is `correct`.
 *
 * Deterministic, and bounded by construction: linear extraction, counted algebra, limited numbers (`limits`). What a
 * model wrote never throws; an answer past a bound is `incorrect` with the bound as its reason. `unscorable` only says
 * that the reference is empty, cannot be read, or is past a bound itself. It does not protect against an answer that was guessed or copied.
 */
export function verifyMath(response: string, reference: string, options: MathOptions = {}): Verdict {
  const started = performance.now();
  const expected = extractReference(reference).text;
  if (expected === '')
    return withElapsed(unscorable('reference-empty', { feedback: feedback['reference-empty'] }), started);
  const extraction = extractAnswer(response, options) ?? (isOptionLetter(expected) ? lastChoice(response) : null);
  if (extraction === null || extraction.text === '') {
    return withElapsed(incorrect('no-answer', { feedback: feedback['no-answer'] }), started);
  }
  return withElapsed(judged(extraction.text, expected, options.tolerance ?? {}), started);
}

function numberOption(options: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = options[name];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** The order of places to look in, undefined where none is asked for, null where it cannot be read. */
function orderOption(options: Readonly<Record<string, unknown>>): readonly ExtractionKind[] | undefined | null {
  const order = options['order'];
  if (order === undefined) return undefined;
  const known: readonly unknown[] = defaultOrder;
  const isOrder = Array.isArray(order) && order.length > 0 && order.every((kind) => known.includes(kind));
  return isOrder ? (order as ExtractionKind[]) : null;
}

/**
 * `verifyMath` as a registered kind: the reference is a text, a number, or a list of accepted ones; the options
 * `absolute`, `relative` and `decimals` set the tolerance, and `order` the places where the answer is looked for.
 */
export function verifyMathReference(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
): Verdict {
  const accepted: readonly unknown[] = Array.isArray(reference) ? reference : [reference];
  const texts = accepted.filter((each) => typeof each === 'string' || typeof each === 'number').map(String);
  if (texts.length === 0 || texts.length !== accepted.length || texts.length > limits.items) {
    const feedback = `the reference must be a text, a number, or a list of at most ${limits.items} of them`;
    return unscorable('bad-reference', { feedback });
  }
  const order = orderOption(options);
  if (order === null) {
    return unscorable('bad-option', { feedback: `order must be a list of ${defaultOrder.join(', ')}` });
  }
  const tolerance: Tolerance = Object.fromEntries(
    ['absolute', 'relative', 'decimals'].flatMap((name) => {
      const value = numberOption(options, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  let last: Verdict | null = null;
  for (const text of texts) {
    last = verifyMath(response, text, { tolerance, ...(order !== undefined && { order }) });
    if (last.outcome === 'correct') return last;
  }
  return last ?? unscorable('bad-reference');
}
