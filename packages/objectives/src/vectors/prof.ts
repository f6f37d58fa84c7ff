import { consistentRollouts, removalQuotas } from '../filters/process-consistency.js';
import { blendedReward } from '../methods/prof.js';
import { stepConsistency } from '../metrics/step-consistency.js';
import type { SlugAdapters } from './adapter.js';
import { groupNumbers, type Labels, type Matrix } from './padded.js';

interface FilterInputs {
  readonly scores: readonly number[];
  readonly num_steps: readonly number[];
  readonly rewards: readonly number[];
  readonly group: Labels;
}

interface FilterParams {
  readonly remove: number;
  readonly step_penalty: number;
  readonly min_steps: number;
  readonly max_steps: number;
  readonly mode: 'both' | 'correct';
  readonly rounding: string;
}

function filterCase({ scores, num_steps, rewards, group }: FilterInputs, params: FilterParams) {
  const given = { scores: Float64Array.from(scores), steps: Int32Array.from(num_steps) };
  const { remove, step_penalty: stepPenalty, min_steps: minSteps, max_steps: maxSteps, mode } = params;
  const rounding = params.rounding.startsWith('ceil') ? 'up' : 'half-even';
  const options = { remove, stepPenalty, minSteps, maxSteps, mode, seed: 0, rounding } as const;
  const keep = consistentRollouts(given, rewards, groupNumbers(group), options);
  const kept = scores.flatMap((_, i) => (keep[i] === 1 ? [i] : []));
  const count = (outcome: number) => rewards.filter((reward) => reward === outcome).length;
  const paper = removalQuotas(count(1), count(0), remove, 'up');
  return {
    kept_set: kept,
    kept_correct: kept.filter((i) => rewards[i] === 1).length,
    paper_ceil_counts: [paper.right, paper.wrong],
  };
}

export const prof: SlugAdapters = {
  profConsistency: ({ step_scores, rewards }: { step_scores: Matrix; rewards: readonly number[] }) => {
    const { scores, steps } = stepConsistency(step_scores, rewards);
    return { scores: Array.from(scores), num_steps: Array.from(steps) };
  },
  profFilter: filterCase,
  profBlendReward: (
    { step_scores, rewards }: { step_scores: Matrix; rewards: readonly number[] },
    { beta }: { beta: number },
  ) => ({ reward: rewards.map((reward, i) => blendedReward(reward, step_scores[i]!, beta)) }),
};
