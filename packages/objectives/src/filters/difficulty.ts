/**
 * Golden Goose (arXiv 2601.22975): masked reasoning steps as multiple-choice questions, and which of them a student can
 * learn from. The questions and their reward are text, in packages/verify; the loss is `reinforce-pp-baseline`.
 *
 * Accuracy is the share of right rollouts of an item. Items of noisy sources are kept unless the student always solves
 * them; an item is effective when some rollouts are right and some wrong.
 */
import { part } from '../define.js';

export const goldenGoose = part({
  title: 'Golden Goose',
  source: 'arXiv 2601.22975',
  kinds: ['filter'],
  summary: 'Multiple-choice items made from unverifiable text; those the student always solves are dropped.',
  vectors: 'golden-goose',
  needs: [],
});

export interface DifficultyReport {
  /** [items] Share of right rollouts; 0 without rollouts. */
  readonly accuracy: readonly number[];
  /** [items] Not solved by every rollout. */
  readonly keep: readonly boolean[];
  /** [items] Accuracy strictly between 0 and 1. */
  readonly effective: readonly boolean[];
  /** Share of effective items; 0 without items. */
  readonly effectiveRatio: number;
}

/** From verdicts [items][rollouts]. */
export function difficultyReport(correct: readonly (readonly boolean[])[]): DifficultyReport {
  const accuracy = correct.map((row) => (row.length > 0 ? row.filter(Boolean).length / row.length : 0));
  const effective = accuracy.map((share) => share > 0 && share < 1);
  return {
    accuracy,
    keep: accuracy.map((share) => share < 1),
    effective,
    effectiveRatio: correct.length > 0 ? effective.filter(Boolean).length / correct.length : 0,
  };
}
