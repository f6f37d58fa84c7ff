/** @file Multiple-choice answers. */
import { correct, incorrect, partial, unscorable, type Verdict } from '../verdict.js';
import { lastChoice } from '../extract/choice.js';
import { extractChoice } from './extract-choice.js';
import { letterOf, type ChoiceItem } from './options.js';

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function letterList(value: unknown): readonly string[] | null {
  if (isTexts(value)) return value.every((letter) => /^[A-Z]$/.test(letter)) && value.length > 0 ? value : null;
  if (typeof value !== 'string') return null;
  const letters = value.toUpperCase().match(/\b[A-Z]\b/g) ?? [];
  if (/^[\s(]*[A-Za-z](?:[\s,;)(]+(?:and\s+)?[A-Za-z])*[\s).]*$/.test(value) && letters.length > 0) return letters;
  // A reference that was written as an answer: "the answer is (C) Cecile", "A Peter".
  const stated = lastChoice(value);
  return stated === null ? null : [stated.text];
}

/** Letters without texts allow all options up to at least E. */
const leastLetters = 5;

/**
 * A reference is a letter (`B`, `(B)`), several letters (`A, C`), or `{ options, answer }` with the options' texts in
 * display order and the answer as letter, list of letters, or the text of an option.
 */
function readReference(reference: unknown): ChoiceItem | null {
  const direct = letterList(reference);
  if (direct !== null) {
    const highest = Math.max(leastLetters, ...direct.map((letter) => letter.charCodeAt(0) - 64));
    return { options: Array.from({ length: highest }, () => ''), gold: direct };
  }
  if (typeof reference !== 'object' || reference === null) return null;
  const { options, answer } = reference as Readonly<Record<string, unknown>>;
  if (!isTexts(options) || options.length === 0 || options.length > 26) return null;
  const byText = typeof answer === 'string' ? options.indexOf(answer) : -1;
  const gold = byText >= 0 ? [letterOf(byText)] : letterList(answer);
  return gold !== null && gold.every((letter) => letter <= letterOf(options.length - 1)) ? { options, gold } : null;
}

/**
 * Judges the choice of a response. With several right letters all and only they must be chosen;
 * `options.partial: true` gives credit for each right letter, and none once a wrong one is among them.
 */
export function verifyChoice(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
): Verdict {
  const item = readReference(reference);
  if (item === null) {
    return unscorable('bad-reference', { feedback: 'the reference must be a letter, letters, or { options, answer }' });
  }
  const choice = extractChoice(response, item.options);
  if (choice === null) return incorrect('no-answer');
  const gold = new Set(item.gold);
  const right = choice.letters.filter((letter) => gold.has(letter)).length;
  const wrong = choice.letters.length - right;
  const detail = { extracted: choice.letters.join(', '), feedback: `read from: ${choice.source}` };
  if (wrong === 0 && right === gold.size) return correct('equal', detail);
  if (options['partial'] === true && wrong === 0) return partial(right / gold.size, 'incomplete', detail);
  return incorrect(wrong > 0 ? 'different' : 'incomplete', detail);
}
