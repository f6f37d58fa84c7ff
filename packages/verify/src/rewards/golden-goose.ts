/**
 * @file Golden Goose (arXiv 2601.22975): multiple-choice items from unverifiable text: which passage was masked?
 * Assembly with its validity checks (ours), and the reward: 1 for the letter of the true passage in the last box, else 0.
 */
import { lastCommand } from '../format/tags.js';
import { occurrences } from '../format/tags.js';
import { letterOf } from '../choice/options.js';

export interface MaskedItem {
  readonly options: readonly string[];
  /** Letter of the true passage. */
  readonly gold: string;
}

/**
 * Builds an item; slot i shows entry `permutation[i]` of [truth, distractors...]. Null unless the text has exactly one
 * `[MASK]` and there are enough distractors left that are different from the truth and from each other.
 */
export function assembleItem(
  maskedText: string,
  truth: string,
  distractors: readonly string[],
  permutation: readonly number[],
  optionCount: number,
): MaskedItem | null {
  const right = truth.trim();
  const others = [...new Set(distractors.map((each) => each.trim()))].filter((each) => each !== right && each !== '');
  const hasTruthAmongDistractors = distractors.some((each) => each.trim() === right);
  if (occurrences(maskedText, '[MASK]') !== 1 || right === '' || hasTruthAmongDistractors) return null;
  if (others.length < optionCount - 1) return null;
  const entries = [right, ...others.slice(0, optionCount - 1)];
  return {
    options: permutation.map((entry) => entries[entry]!),
    gold: letterOf(permutation.indexOf(0)),
  };
}

/** The letter in the last box, with or without parentheses, among the first `optionCount`; anything else is none. */
export function boxedLetterReward(
  text: string,
  gold: string,
  optionCount: number,
): { readonly parsed: string | null; readonly reward: 0 | 1 } {
  const content = lastCommand(text, 'boxed') ?? '';
  const letter = /^\(?([A-Z])\)?$/.exec(content)?.[1];
  const parsed = letter !== undefined && letter <= letterOf(optionCount - 1) ? letter : null;
  return { parsed, reward: parsed === gold ? 1 : 0 };
}
