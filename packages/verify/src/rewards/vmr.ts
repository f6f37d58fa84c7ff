/**
 * @file Verifiable multiple-choice reformulation (arXiv 2511.02463): which of two responses is preferred, by letter.
 * Reward 1 for the letter of the preferred one, else 0; no partial or format credit. Parsing and the order-consistency
 * diagnostic are ours.
 */
import { lastCommand, tagContent } from '../format/tags.js';
import { mean } from './statistics.js';

export type PairLetter = 'A' | 'B';

export interface PairChoice {
  readonly optionA: string;
  readonly optionB: string;
  readonly gold: PairLetter;
}

/** Puts the preferred response at A, or at B when swapped. */
export function buildPairChoice(chosen: string, rejected: string, swap: boolean): PairChoice {
  return swap ? { optionA: rejected, optionB: chosen, gold: 'B' } : { optionA: chosen, optionB: rejected, gold: 'A' };
}

/** The letter in the last answer tag, else in the last box; anything but exactly A or B is none. */
export function pairChoiceReward(
  text: string,
  gold: PairLetter,
): { readonly parsed: PairLetter | null; readonly reward: 0 | 1 } {
  const content = tagContent(text, 'answer') ?? lastCommand(text, 'boxed');
  const parsed = content === 'A' || content === 'B' ? content : null;
  return { parsed, reward: parsed === gold ? 1 : 0 };
}

/** Picks in both orders of the same pairs (preferred first, preferred second): was the same response picked? */
export function orderConsistency(
  pickChosenFirst: readonly (PairLetter | null)[],
  pickChosenSecond: readonly (PairLetter | null)[],
): { readonly consistent: readonly boolean[]; readonly rate: number; readonly accuracyBoth: number } {
  const consistent = pickChosenFirst.map((first, index) => {
    const second = pickChosenSecond[index] ?? null;
    return first !== null && second !== null && first !== second;
  });
  const right = pickChosenFirst.map((first, index) => first === 'A' && pickChosenSecond[index] === 'B');
  return { consistent, rate: mean(consistent.map(Number)), accuracyBoth: mean(right.map(Number)) };
}
