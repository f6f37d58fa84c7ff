/** @file Long chains of thought (arXiv 2502.03373): length-shaped rewards, repetition penalties, the judge's verdict. */
import { cosineLengthReward, type CosineRange } from '../text/length-shaping.js';
import { ngrams } from '../text/overlap.js';

export interface LongCotShape {
  readonly correct: CosineRange;
  /** Neither end may be positive. */
  readonly wrong: CosineRange;
  /** What a response earns that comes within `margin` tokens of `maxLength`, right or wrong. */
  readonly exceed: number;
  readonly maxLength: number;
  /** 16 in the paper's code. */
  readonly margin: number;
}

/** The cosine reward of one response of `length` tokens. Throws a `RangeError` for a positive reward of wrong answers. */
export function cosineReward(length: number, isCorrect: boolean, shape: LongCotShape): number {
  const { wrong } = shape;
  if (wrong.atZero > 0 || wrong.atLongest > 0) {
    throw new RangeError(
      `cosineReward: rewards of wrong answers must not be positive, got ${wrong.atZero} and ${wrong.atLongest}; lower them`,
    );
  }
  if (length + shape.margin >= shape.maxLength) return shape.exceed;
  return cosineLengthReward(length, isCorrect, {
    correct: shape.correct,
    wrong,
    longest: shape.maxLength,
    exceeded: shape.exceed,
  });
}

export interface ClassicShape {
  readonly correct: number;
  readonly wrong: number;
  /** Null ignores the length. */
  readonly exceed: number | null;
  readonly maxLength: number;
  readonly margin: number;
}

/** A reward of correctness alone, except that a response at its limit earns `exceed`. */
export function classicReward(length: number, isCorrect: boolean, shape: ClassicShape): number {
  if (shape.exceed !== null && length + shape.margin >= shape.maxLength) return shape.exceed;
  return isCorrect ? shape.correct : shape.wrong;
}

/**
 * Per-token penalty of repeated n-grams: every token of an n-gram that occurred before gets `penalty`, not added up.
 * With `onlyStart` an uninterrupted run of repeats is penalised at its start only. The result has `size` values, 0 from
 * `tokens.length` on.
 */
export function repetitionPenalty(
  tokens: readonly number[],
  { size, ngram, penalty, onlyStart }: { size: number; ngram: number; penalty: number; onlyStart: boolean },
): number[] {
  const rewards = new Array<number>(size).fill(0);
  const seen = new Set<string>();
  let end = -1;
  for (let start = 0; start + ngram <= tokens.length; start += 1) {
    const key = tokens.slice(start, start + ngram).join(' ');
    if (seen.has(key)) {
      if (!onlyStart || start > end) rewards.fill(penalty, start, Math.min(size, start + ngram));
      end = start + ngram;
    }
    seen.add(key);
  }
  return rewards;
}

/** Penalty of a whole text: the share of repeated word n-grams times `maxPenalty`; 0 for fewer words than n. */
export function repetitionPenaltySparse(text: string, ngram: number, maxPenalty: number): number {
  if (maxPenalty > 0) {
    throw new RangeError(`repetitionPenaltySparse: maxPenalty must not be positive, got ${maxPenalty}; negate it`);
  }
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const runs = ngrams(words, ngram);
  return runs.length === 0 || maxPenalty === 0 ? 0 : (1 - new Set(runs).size / runs.length) * maxPenalty;
}

/**
 * The judge's verdict: the last "Judgement: correct|wrong|not_found" of the first line that has one. 1 only for the word
 * `correct` in lower case, as the release has it, although the line is found in any case.
 */
export function parseJudgement(text: string): 0 | 1 {
  for (const line of text.split('\n')) {
    const verdicts = [...line.matchAll(/judgement:\s{1,20}(correct|wrong|not_found)/gi)];
    const last = verdicts.at(-1);
    if (last !== undefined) return last[1] === 'correct' ? 1 : 0;
  }
  return 0;
}
