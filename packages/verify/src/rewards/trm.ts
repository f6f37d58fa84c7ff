/**
 * @file TRM (arXiv 2509.25409): a reward model that judges each sentence for faithfulness and then correctness.
 *
 *   r_k = alpha [f right] + (1 - alpha) [c right] + delta [c = 0 and found],   R = mean over sentences
 *   policy: u_k = (w_trm c_k + w_pref p) / (w_trm + w_pref),   R = mean over sentences
 *
 * alpha = 0.5 and the weights 1 : 2 are reported; the bonus delta = 0.5 is ours.
 */
import { f1 } from '../text/overlap.js';
import { mean } from './statistics.js';

export interface SentenceReward {
  readonly perSentence: readonly number[];
  readonly reward: number;
}

/** 0/1 labels by sentence. */
export interface SentenceLabels {
  readonly faithful: readonly number[];
  readonly correct: readonly number[];
}

/** Reward of one judgement; an unreadable one, or one with another number of sentences, earns 0. */
export function judgementReward(
  predicted: SentenceLabels,
  gold: SentenceLabels,
  isFormatted: boolean,
  options: { readonly alpha?: number; readonly incorrectBonus?: number } = {},
): SentenceReward {
  const { alpha = 0.5, incorrectBonus = 0.5 } = options;
  const sameLength =
    predicted.faithful.length === gold.faithful.length && predicted.correct.length === gold.correct.length;
  if (!isFormatted || !sameLength) return { perSentence: [], reward: 0 };
  const perSentence = gold.correct.map((correct, index) => {
    const faithfulRight = Number(predicted.faithful[index] === gold.faithful[index]);
    const correctRight = Number(predicted.correct[index] === correct);
    const found = Number(correct === 0 && predicted.correct[index] === 0);
    return alpha * faithfulRight + (1 - alpha) * correctRight + incorrectBonus * found;
  });
  return { perSentence, reward: mean(perSentence) };
}

/** Reward of an answer from its sentences' correctness and one preference score in [0, 1]. */
export function answerReward(
  sentenceCorrect: readonly number[],
  preference: number,
  weights: { readonly trm?: number; readonly preference?: number } = {},
): SentenceReward {
  const { trm = 1, preference: wanted = 2 } = weights;
  const perSentence = sentenceCorrect.map((correct) => (trm * correct + wanted * preference) / (trm + wanted));
  return { perSentence, reward: mean(perSentence) };
}

export interface DetectionScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

function detection(predicted: readonly boolean[], gold: readonly boolean[]): DetectionScores {
  const hits = gold.filter((isPositive, index) => isPositive && predicted[index]).length;
  const found = predicted.filter(Boolean).length;
  const present = gold.filter(Boolean).length;
  return {
    precision: found === 0 ? 0 : hits / found,
    recall: present === 0 ? 0 : hits / present,
    f1: f1(hits, found, present),
  };
}

/** Finding what is incorrect (label 0): over all sentences, and over answers with any incorrect sentence. */
export function incorrectDetection(
  predicted: readonly (readonly number[])[],
  gold: readonly (readonly number[])[],
): { readonly sentence: DetectionScores; readonly answer: DetectionScores } {
  const isWrong = (label: number): boolean => label === 0;
  return {
    sentence: detection(predicted.flat().map(isWrong), gold.flat().map(isWrong)),
    answer: detection(
      predicted.map((labels) => labels.some(isWrong)),
      gold.map((labels) => labels.some(isWrong)),
    ),
  };
}
