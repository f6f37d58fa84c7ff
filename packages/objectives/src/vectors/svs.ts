import { extractProblem, scoreVariants, selectProblem } from '../methods/svs.js';
import { clippedSurrogate } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import type { Matrix } from './padded.js';
import { surrogateCase, type AggregationParams } from './surrogate.js';

interface Bounds {
  readonly acc_low: number;
  readonly acc_high: number;
}

const flags = (values: readonly number[]) => values.map((value) => value !== 0);

export const svs: SlugAdapters = {
  extract_problem: ({ text }: { text: string }) => ({ problem: extractProblem(text) }),
  select_underperforming: ({ correct }: { correct: Matrix }, { acc_low, acc_high }: Bounds) => ({
    problems: correct.map((row) => {
      const found = selectProblem(flags(row), { low: acc_low, high: acc_high });
      return {
        accuracy: found.accuracy,
        train: found.trains,
        underperforming: found.isUnderperforming,
        seed_solutions: found.seeds,
      };
    }),
  }),
  synthesis_step: (
    { solve_results }: { solve_results: readonly (readonly (readonly number[] | null)[])[] },
    { n, acc_low, acc_high, eps, ...deviation }: Bounds & DeviationParams & { n: number; eps: number },
  ) => ({
    seeds: solve_results.map((variants) => {
      const solved = variants.map((row) => (row === null ? null : flags(row)));
      const settings = {
        advantageScale: 'group',
        advantageEpsilon: eps,
        advantageStd: deviationOf(deviation),
      } as const;
      const found = scoreVariants(solved, n, { low: acc_low, high: acc_high }, settings);
      return {
        synthesis_rewards: found.rewards,
        synthesis_group_kept: found.keepsVariants,
        synthesis_advantages: found.advantages,
        solve_group_kept: found.keepsSolutions,
        proxy_reward_eq3: found.naiveRewards,
      };
    }),
  }),
  policy_loss: (
    inputs: { logprobs: Matrix; old_logprobs: Matrix; advantages: Matrix; mask: Matrix },
    params: AggregationParams & { clip_low: number; clip_high: number; clip_c: number },
  ) => {
    const { logprobs: logp, old_logprobs: old_logp, advantages, mask } = inputs;
    const settings = { clipLow: params.clip_low, clipHigh: params.clip_high, dualClip: params.clip_c };
    const found = surrogateCase({ logp, old_logp, advantages, mask }, params, (context) =>
      clippedSurrogate(context, tokenRatio(context), settings),
    );
    return {
      loss: found.loss,
      clipfrac: found.clip_frac,
      clipfrac_lower: found.clip_frac_lower,
      grad_logprobs: found.grad_logp,
    };
  },
};
