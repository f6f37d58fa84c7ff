import { leaveOneOut } from './leave-one-out.js';

/**
 * Error rates of a binary verifier (arXiv 2510.00915, Def. 3.1): rho0 = P(accepted | wrong), rho1 = P(rejected | right).
 * Their sum below 1 says that the verifier is better than a coin.
 */
export interface RewardChannel {
  readonly rho0: number;
  readonly rho1: number;
}

/** Smallest divisor of the backward correction, for a verifier that says next to nothing. */
export const CHANNEL_EPSILON = 1e-6;

/** Backward correction (Thm 3.3): (r - rho0) / max(1 - rho0 - rho1, epsilon), whose mean given the truth is the truth. */
export function backwardReward(observed: number, { rho0, rho1 }: RewardChannel, epsilon = CHANNEL_EPSILON): number {
  return (observed - rho0) / Math.max(1 - rho0 - rho1, epsilon);
}

/** Forward correction (Prop. 3.4): r - (1 - rho1), whose mean is 0 for right and -(1 - rho0 - rho1) for wrong answers. */
export function forwardWeight(observed: number, rho1: number): number {
  return observed - (1 - rho1);
}

/** `pgbc`, `pgfc`: backward and forward correction; `noise`: none, the control. */
export const channelModes = ['pgbc', 'pgfc', 'noise'] as const;

export type ChannelMode = (typeof channelModes)[number];

export interface ChannelAdvantageOptions extends RewardChannel {
  readonly mode: ChannelMode;
  /** What coefficients are divided by: fixed or a running figure, never the standard deviation of the group. */
  readonly scale: number;
  readonly baseline: 'leave-one-out' | 'none';
  readonly epsilon?: number;
}

/** [rollouts] (corrected reward - baseline) / scale (Algorithm 4). Unscored rollouts get 0. */
export function channelAdvantage(
  observed: Float64Array,
  group: Int32Array,
  options: ChannelAdvantageOptions,
): Float64Array {
  const corrected = observed.map((reward) => correctedReward(reward, options));
  const centred = options.baseline === 'none' ? corrected : leaveOneOut(corrected, group);
  return centred.map((value) => (Number.isNaN(value) ? 0 : value / options.scale));
}

/**
 * [length] Coefficients from step rewards (App. B.7): to each token the sum of the corrected rewards of all steps that
 * end at it or later, divided by the scale. `stepEnds`: last token of each step.
 */
export function channelProcessAdvantage(
  stepRewards: readonly number[],
  stepEnds: readonly number[],
  length: number,
  options: Omit<ChannelAdvantageOptions, 'baseline'>,
): Float64Array {
  const out = new Float64Array(length);
  stepRewards.forEach((reward, step) => {
    const end = Math.min(stepEnds[step]!, length - 1);
    if (end >= 0) out[end]! += correctedReward(reward, options) / options.scale;
  });
  for (let token = length - 2; token >= 0; token--) out[token]! += out[token + 1]!;
  return out;
}

function correctedReward(observed: number, options: Omit<ChannelAdvantageOptions, 'baseline' | 'scale'>): number {
  switch (options.mode) {
    case 'pgbc':
      return backwardReward(observed, options, options.epsilon);
    case 'pgfc':
      return forwardWeight(observed, options.rho1);
    case 'noise':
      return observed;
  }
}

/** One update's appeals: of the rule's rejections each was appealed with probability q, and `flipped` were overturned. */
export interface Appeals {
  readonly flipped: number;
  readonly rulePositive: number;
  readonly q: number;
}

export interface FalseNegativeOptions {
  /** Share of the old estimate that stays. */
  readonly decay?: number;
  /** Pseudo-counts of false negatives and of right answers accepted. */
  readonly alpha?: number;
  readonly beta?: number;
}

/**
 * rho1 after one policy update (App. B.9): FN = flipped / q, raw = (FN + alpha) / (FN + rulePositive + alpha + beta), then
 * a moving average. Takes the rule's positives to be right. The verdicts of appeals must not change rewards.
 */
export function falseNegativeRate(
  previous: number,
  { flipped, rulePositive, q }: Appeals,
  { decay = 0.9, alpha = 1e-5, beta = 1e-5 }: FalseNegativeOptions = {},
): { readonly raw: number; readonly rate: number } {
  const missed = flipped / q;
  const raw = (missed + alpha) / (missed + rulePositive + alpha + beta);
  return { raw, rate: decay * previous + (1 - decay) * raw };
}
