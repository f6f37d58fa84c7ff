import { groupAdvantage } from '../advantages/group.js';
import {
  additiveReward,
  concisenessRewards,
  keepsConcisenessPair,
  parseConciseness,
  type ConcisenessSettings,
} from '../methods/crm-crf.js';
import { linearAnneal } from '../schedules/anneal.js';
import type { SlugAdapters } from './adapter.js';

interface Group {
  readonly outcome: readonly number[];
  readonly conciseness: readonly number[];
}

function advantageOf(rewards: Float64Array): Float64Array {
  const group = new Int32Array(rewards.length);
  return groupAdvantage(rewards, group, { advantageScale: 'group', advantageEpsilon: 1e-6 });
}

export const crmCrf: SlugAdapters = {
  crf_reward: ({ outcome, conciseness }: Group, settings: ConcisenessSettings) => {
    const outcomes = Float64Array.from(outcome);
    const group = new Int32Array(outcomes.length);
    const { rewards, difficulty } = concisenessRewards(outcomes, Float64Array.from(conciseness), group, settings);
    return { difficulty: difficulty[0], reward: rewards, advantage: advantageOf(rewards) };
  },
  additive_baseline_reward: ({ outcome, conciseness }: Group, { alpha }: { alpha: number }) => {
    const reward = additiveReward(Float64Array.from(outcome), Float64Array.from(conciseness), alpha);
    return { reward, advantage: advantageOf(reward) };
  },
  anneal: ({ step }: { step: number }, { total, start, end }: { total: number; start: number; end: number }) => ({
    s: linearAnneal(step, total, start, end),
  }),
  keep_training_pair: (
    { score_concise, score_redundant }: { score_concise: readonly number[]; score_redundant: readonly number[] },
    params: { min_gap: number; max_redundant: number; min_concise: number },
  ) => {
    const thresholds = { minConcise: params.min_concise, maxRedundant: params.max_redundant, minGap: params.min_gap };
    return {
      keep: score_concise.map((score, i) => (keepsConcisenessPair(score, score_redundant[i]!, thresholds) ? 1 : 0)),
    };
  },
  parse_conciseness: ({ text }: { text: string }) => {
    const score = parseConciseness(text);
    return score === null ? { ok: false } : { ok: true, score };
  },
};
