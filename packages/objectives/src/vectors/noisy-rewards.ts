import {
  backwardReward,
  channelAdvantage,
  channelProcessAdvantage,
  falseNegativeRate,
  forwardWeight,
  type ChannelMode,
  type RewardChannel,
} from '../advantages/reward-channel.js';
import { auditAdvantages } from '../metrics/advantage-audit.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';
import { surrogateCase, type AggregationParams } from './surrogate.js';

interface Observed {
  readonly observed: readonly number[];
}

interface ChannelParams extends RewardChannel {
  readonly mode: ChannelMode;
  readonly scale: number;
  readonly baseline: 'loo' | 'none';
  readonly eps_c?: number;
}

/** The responses are one group. */
function advantageOf({ observed }: Observed, params: ChannelParams): Float64Array {
  const { mode, rho0, rho1, scale, eps_c } = params;
  const baseline = params.baseline === 'loo' ? 'leave-one-out' : 'none';
  const options = { mode, rho0, rho1, scale, baseline, ...(eps_c !== undefined && { epsilon: eps_c }) } as const;
  return channelAdvantage(Float64Array.from(observed), new Int32Array(observed.length), options);
}

interface LossInputs extends Observed {
  readonly logp: Matrix;
  readonly old_logp: Matrix;
  readonly mask: Matrix;
}

interface AppealParams {
  readonly alpha: number;
  readonly beta: number;
  readonly ema: number;
  readonly init: number;
}

function appealStream(
  { steps }: { steps: readonly { flipped: number; rule_positive: number; q: number }[] },
  { alpha, beta, ema: decay, init }: AppealParams,
) {
  let rate = init;
  const raws: number[] = [];
  const rates: number[] = [];
  for (const { flipped, rule_positive: rulePositive, q } of steps) {
    const next = falseNegativeRate(rate, { flipped, rulePositive, q }, { decay, alpha, beta });
    rate = next.rate;
    raws.push(next.raw);
    rates.push(next.rate);
  }
  return { raw: raws, ema: rates };
}

export const noisyRewards: SlugAdapters = {
  backward_correct: ({ observed }: Observed, { eps_c, ...channel }: RewardChannel & { eps_c: number }) => ({
    corrected: observed.map((reward) => backwardReward(reward, channel, eps_c)),
  }),
  forward_weights: ({ observed }: Observed, { rho1 }: { rho1: number }) => ({
    weights: observed.map((reward) => forwardWeight(reward, rho1)),
  }),
  channel_advantage: (inputs: Observed, params: ChannelParams) => ({ advantage: advantageOf(inputs, params) }),
  advantage_audit: ({ noise, corrected }: { noise: readonly number[]; corrected: readonly number[] }) => {
    const { meanDifference, largestDifference, cosine } = auditAdvantages(noise, corrected);
    return { d_mean: meanDifference, d_max: largestDifference, cosine };
  },
  fn_rate_ema: appealStream,
  channel_identities: (_: unknown, channel: RewardChannel) => ({
    rows: [0, 1].map((truth) => {
      const accepted = truth === 1 ? 1 - channel.rho1 : channel.rho0;
      const mean = (f: (observed: number) => number) => accepted * f(1) + (1 - accepted) * f(0);
      return {
        true: truth,
        mean_backward: mean((reward) => backwardReward(reward, channel)),
        mean_forward: mean((reward) => forwardWeight(reward, channel.rho1)),
      };
    }),
  }),
  channel_process_advantage: (
    inputs: { step_rewards: readonly number[]; step_end: readonly number[]; length: number },
    { rho0, rho1, scale }: Omit<ChannelParams, 'mode'>,
  ) => {
    const advantage = (mode: ChannelMode) =>
      channelProcessAdvantage(inputs.step_rewards, inputs.step_end, inputs.length, { mode, rho0, rho1, scale });
    return { pgbc: advantage('pgbc'), pgfc: advantage('pgfc'), noise: advantage('noise') };
  },
  channel_grpo_loss: (inputs: LossInputs, params: ChannelParams & AggregationParams & { clip: number }) => {
    const perRollout = advantageOf(inputs, params);
    const advantages = inputs.mask.map((row, i) => row.map((flag) => flag * perRollout[i]!));
    const range = { clipLow: params.clip, clipHigh: params.clip };
    return surrogateCase({ ...inputs, advantages }, params, (context) =>
      clippedLoss(context, tokenRatio(context), range),
    );
  },
};
