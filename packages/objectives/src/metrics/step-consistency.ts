import { tokenColumn } from '../columns.js';
import type { RolloutBatch } from '../objective.js';
import { turnEnds } from '../terms/turns.js';

export interface StepConsistency {
  /** [rollouts] Agreement of process scores with the outcome; 0 without steps. */
  readonly scores: Float64Array;
  /** [rollouts] */
  readonly steps: Int32Array;
}

/**
 * PROF's consistency of process and outcome (arXiv 2509.03403, compute_verify_step_level_score):
 * (2 R - 1) times the mean over the steps of a rollout of 2 (h - mu), with R in {0, 1}, h the score of a step in [0, 1]
 * and mu the mean over the steps of all rollouts.
 */
export function stepConsistency(stepScores: readonly ArrayLike<number>[], rewards: ArrayLike<number>): StepConsistency {
  let [sum, count] = [0, 0];
  const totals = stepScores.map((scores) => {
    let total = 0;
    for (let h = 0; h < scores.length; h++) total += scores[h]!;
    sum += total;
    count += scores.length;
    return total;
  });
  const mean = count > 0 ? sum / count : 0;
  const scores = Float64Array.from(totals, (total, i) => {
    const steps = stepScores[i]!.length;
    return steps === 0 ? 0 : (2 * rewards[i]! - 1) * 2 * (total / steps - mean);
  });
  return { scores, steps: Int32Array.from(stepScores, ({ length }) => length) };
}

/**
 * Scores of the steps of each rollout: a step is a run of equal numbers in the column `segment` among the tokens that
 * carry loss, its score stands in `tokenRewards` at its last token.
 */
export function stepScoresOf(batch: RolloutBatch): number[][] {
  const scores = tokenColumn(batch, 'tokenRewards');
  return turnEnds(batch).map((ends) => ends.map((token) => scores[token]!));
}
