import {
  answerLengthReward,
  isWithinReach,
  mostReflective,
  propagatedRewards,
  reflectivePositions,
  reflectiveRewards,
  reflectiveWeights,
  worstRankMean,
  type ReflectiveWeightOptions,
} from '../methods/dro.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';

interface Scored {
  readonly logprobs: Matrix;
  readonly masked_logprobs?: readonly number[];
}

const sumOf = (row: readonly number[]) => row.reduce((sum, value) => sum + value, 0);

export const dro: SlugAdapters = {
  r3_weights: ({ logprobs }: Scored, options: ReflectiveWeightOptions) => reflectiveWeights(logprobs, options),
  r3_reward: ({ logprobs, masked_logprobs }: Scored, options: ReflectiveWeightOptions) => {
    const { sigma, weights } = reflectiveWeights(logprobs, options);
    return {
      sigma,
      weights,
      r3: reflectiveRewards(logprobs, weights, masked_logprobs),
      aggregate_sum_logprob: logprobs.map(sumOf),
      aggregate_mean_logprob: logprobs.map((row) => sumOf(row) / row.length),
    };
  },
  r3_propagation: (
    { logprobs }: Scored,
    params: ReflectiveWeightOptions & { readonly delta: number; readonly gamma: number },
  ) => {
    const found = reflectiveWeights(logprobs, params);
    return {
      reflective_positions: reflectivePositions(found.sigma, params.delta),
      r3: propagatedRewards(logprobs, { ...found, delta: params.delta, gamma: params.gamma }),
    };
  },
  length_reward: ({ ref_len, gen_len }: { ref_len: number; gen_len: number }, { beta }: { beta: number }) => ({
    reward: answerLengthReward(ref_len, gen_len, beta),
  }),
  filter_stage1: ({ ranks }: { ranks: Matrix }, { rho_percent, top_k }: { rho_percent: number; top_k: number }) => ({
    per_rollout: ranks.map((row) => worstRankMean(row, rho_percent)),
    keep: isWithinReach(ranks, rho_percent, top_k),
  }),
  filter_stage2: ({ max_sigma }: { max_sigma: readonly number[] }, { keep_fraction }: { keep_fraction: number }) => ({
    kept: mostReflective(max_sigma, keep_fraction),
  }),
};
