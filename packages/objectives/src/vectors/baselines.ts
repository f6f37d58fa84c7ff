import { groupAdvantage } from '../advantages/group.js';
import { gpgAdvantage } from '../advantages/gpg.js';
import { leaveOneOut } from '../advantages/leave-one-out.js';
import { overlongPenalty } from '../advantages/overlong.js';
import { gae, tokenReturns } from '../advantages/returns.js';
import { whiten } from '../advantages/whiten.js';
import { broadcast } from '../columns.js';
import { groupsWithSignal } from '../filters/dynamic-sampling.js';
import { highEntropyTokens } from '../filters/high-entropy.js';
import type { SlugAdapters } from './adapter.js';
import { baselineLosses } from './baselines-losses.js';
import { baselineMismatch } from './baselines-mismatch.js';
import { deviationOf, type DeviationParams } from './options.js';
import { batchOf, flatten, groupNumbers, rowsOf, type Labels, type Matrix } from './padded.js';

interface Grouped {
  readonly rewards: readonly number[];
  readonly groups: Labels;
}

interface TokenReturnsInputs {
  readonly token_rewards: Matrix;
  readonly mask: Matrix;
}

const advantageAdapters: SlugAdapters = {
  grpo_advantage: (
    { rewards, groups }: Grouped,
    { norm_by_std, eps, ...deviation }: DeviationParams & { norm_by_std: boolean; eps: number },
  ) => ({
    advantage: groupAdvantage(Float64Array.from(rewards), groupNumbers(groups), {
      advantageScale: norm_by_std ? 'group' : 'none',
      advantageEpsilon: eps,
      advantageStd: deviationOf(deviation),
    }),
  }),
  rloo_advantage: ({ rewards, groups }: Grouped) => ({
    advantage: leaveOneOut(Float64Array.from(rewards), groupNumbers(groups)),
  }),
  reinforce_pp_baseline_advantage: (
    { rewards, groups, mask }: Grouped & { mask: Matrix },
    { eps_var }: { eps_var: number },
  ) => {
    const batch = batchOf(mask, {}, { rewards, groups });
    const centred = groupAdvantage(batch.rewards, batch.group, { advantageScale: 'none', advantageEpsilon: 0 });
    return { advantage: rowsOf(batch, whiten(batch, broadcast(batch, centred), eps_var)) };
  },
  reinforce_pp_advantage: (
    { token_rewards, mask }: TokenReturnsInputs,
    { gamma, eps_var }: { gamma: number; eps_var: number },
  ) => {
    const batch = batchOf(mask, {});
    const returns = tokenReturns(batch, flatten(token_rewards), gamma);
    return { advantage: rowsOf(batch, whiten(batch, returns, eps_var)), returns: rowsOf(batch, returns) };
  },
  gpg_advantage: ({ rewards, groups }: Grouped, { f_norm }: { f_norm: number }) => ({
    advantage: gpgAdvantage(Float64Array.from(rewards), groupNumbers(groups), {
      signalCount: 'nonzero-reward',
      advantageNorm: f_norm,
    }),
  }),
  gae: (
    { token_rewards, values, mask }: TokenReturnsInputs & { values: Matrix },
    { gamma, lam, whiten: whitened }: { gamma: number; lam: number; whiten: boolean },
  ) => {
    const batch = batchOf(mask, {});
    const { advantages, returns } = gae(batch, flatten(token_rewards), flatten(values), gamma, lam);
    return {
      advantage: rowsOf(batch, whitened ? whiten(batch, advantages) : advantages),
      returns: rowsOf(batch, returns),
      raw_advantage: rowsOf(batch, advantages),
    };
  },
  trl_advantage: (
    { rewards }: { rewards: readonly number[] },
    params: DeviationParams & { num_generations: number; scale_rewards: 'group' | 'batch' | 'none'; eps: number },
  ) => ({
    advantage: groupAdvantage(
      Float64Array.from(rewards),
      Int32Array.from(rewards, (_, i) => Math.floor(i / params.num_generations)),
      { advantageScale: params.scale_rewards, advantageEpsilon: params.eps, advantageStd: deviationOf(params) },
    ),
  }),
};

const shapingAdapters: SlugAdapters = {
  overlong_penalty: (
    { lengths }: { lengths: readonly number[] },
    { max_len, buffer, factor }: { max_len: number; buffer: number; factor: number },
  ) => ({ penalty: overlongPenalty(lengths, max_len, buffer, factor) }),
  dynamic_sampling_keep: ({ rewards, groups }: Grouped) => {
    const keep = groupsWithSignal(Float64Array.from(rewards), groupNumbers(groups));
    return { keep: Object.fromEntries(groups.map((name, i) => [name, keep[i] === 1])) };
  },
  high_entropy_mask: (
    { entropy, mask }: { entropy: Matrix; mask: Matrix },
    { top_fraction }: { top_fraction: number },
  ) => {
    const batch = batchOf(mask, {});
    const flat = flatten(entropy);
    const { threshold } = highEntropyTokens(
      flat.filter((_, i) => batch.mask[i] === 1),
      top_fraction,
    );
    const keep = flat.map((value, i) => (batch.mask[i] === 1 && value >= threshold ? 1 : 0));
    return { threshold, mask: rowsOf(batch, keep) };
  },
};

export const baselines: SlugAdapters = {
  ...advantageAdapters,
  ...shapingAdapters,
  ...baselineLosses,
  ...baselineMismatch,
};
