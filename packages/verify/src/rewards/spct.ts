/**
 * @file SPCT / DeepSeek-GRM (arXiv 2504.02495): rewards and votes of a reward model that writes scores.
 *
 *   correct (eq. 10): the best response scores strictly highest (n >= 2), or S_1 = r_1 (n = 1);  reward +1 / -1 (eq. 11)
 *   pointwise vote (eq. 14): S*_i = sum over samples of S_i
 *
 * The written form of the scores ({@link parseScores}) is our convention; unreadable samples are skipped in votes.
 */

/** Scores of one sample, one per response; null where none could be read. */
export type SampleScores = readonly (number | null)[];

/** Whether the scores rank the gold-best response strictly first. */
export function ranksBestFirst(scores: SampleScores, gold: readonly number[]): boolean {
  if (scores.length !== gold.length || scores.some((score) => score === null)) return false;
  if (scores.length === 1) return scores[0] === gold[0];
  const best = gold.indexOf(Math.max(...gold));
  return scores.every((score, index) => index === best || scores[best]! > score!);
}

/** +1 when the scores rank the best response strictly first, else -1. There is no format reward. */
export function rankingReward(scores: SampleScores, gold: readonly number[]): 1 | -1 {
  return ranksBestFirst(scores, gold) ? 1 : -1;
}

/** Which samples of one item are kept for fine-tuning: correct ones, and none of an item that is always right unhinted. */
export function keepSamples(
  samples: readonly SampleScores[],
  gold: readonly number[],
  isHinted: boolean,
): { readonly correct: readonly boolean[]; readonly keep: readonly boolean[] } {
  const correct = samples.map((scores) => ranksBestFirst(scores, gold));
  const isTooEasy = !isHinted && correct.every(Boolean);
  return { correct, keep: correct.map((isCorrect) => isCorrect && !isTooEasy) };
}

export interface ScoreVote {
  /** Samples that were counted, in ascending order. */
  readonly selected: readonly number[];
  readonly total: readonly number[];
  /** The first response with the highest total. */
  readonly best: number;
}

function sumVotes(samples: readonly SampleScores[], selected: readonly number[]): ScoreVote {
  const count = samples[0]?.length ?? 0;
  const total = Array.from({ length: count }, (_, response) =>
    selected.reduce((sum, sample) => sum + (samples[sample]![response] ?? 0), 0),
  );
  return { selected, total, best: total.indexOf(Math.max(...total)) };
}

function readable(samples: readonly SampleScores[]): number[] {
  return samples.flatMap((scores, index) => (scores.includes(null) ? [] : [index]));
}

/** Sum of the scores over all readable samples. */
export function vote(samples: readonly SampleScores[]): ScoreVote {
  return sumVotes(samples, readable(samples));
}

/** The same over the `count` samples with the highest meta score; equal ones in sample order. */
export function metaVote(samples: readonly SampleScores[], meta: readonly number[], count: number): ScoreVote {
  const ranked = readable(samples).sort((a, b) => meta[b]! - meta[a]! || a - b);
  return sumVotes(
    samples,
    ranked.slice(0, count).sort((a, b) => a - b),
  );
}

/** Counts of picked responses and the first of the most picked. */
export function majorityVote(
  picks: readonly number[],
  responses: number,
): { readonly counts: readonly number[]; readonly best: number } {
  const counts = Array.from({ length: responses }, (_, response) => picks.filter((pick) => pick === response).length);
  return { counts, best: counts.indexOf(Math.max(...counts)) };
}

/** Scores in the original order, given that shown response i was the original `permutation[i]`. */
export function unshuffleScores(permutation: readonly number[], shown: readonly number[]): number[] {
  return permutation.map((_, original) => shown[permutation.indexOf(original)]!);
}

/** Integer scores 1..10 of all responses from the last `\boxed{8, 5}` or `[[4, 8]]`; null unless all can be read. */
export function parseScores(text: string, responses: number): number[] | null {
  const last = [...text.matchAll(/\\boxed\{([\d,\s]{1,2000})\}|\[\[([\d,\s]{1,2000})\]\]/g)].at(-1);
  if (last === undefined) return null;
  const scores = (last[1] ?? last[2]!).split(',').map((entry) => Number(entry.trim() === '' ? NaN : entry));
  const fits =
    scores.length === responses && scores.every((score) => Number.isInteger(score) && score >= 1 && score <= 10);
  return fits ? scores : null;
}
