import { clipCorrection } from '../metrics/clip-correction.js';
import { expectedEntropyChange, exponentialUpdate } from '../metrics/entropy-change.js';
import { mislabelDelta, mislabelMoments, randomAdvantageMoments } from '../metrics/random-reward.js';
import { rewardArms, spuriousReward } from '../shaping/spurious-reward.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { surrogateCase, type AggregationParams, type SurrogateInputs } from './surrogate.js';

function correctionCase(inputs: SurrogateInputs, { clip_low, clip_high }: { clip_low: number; clip_high: number }) {
  let found = clipCorrection(new Float64Array(), new Float64Array(), { clipLow: 0, clipHigh: 0 });
  surrogateCase(inputs, { agg: 'token-mean' }, (context) => {
    const ratio = tokenRatio(context);
    found = clipCorrection(ratio.data, context.advantages.data, { clipLow: clip_low, clipHigh: clip_high });
    return ratio;
  });
  const { raw, high, low, highShare, lowShare } = found;
  return { n_raw: raw, c_plus: high, c_minus: low, upper_frac: highShare, lower_frac: lowShare };
}

export const clipEntropySpurious: SlugAdapters = {
  random_reward_advantage_stats: (_: unknown, { G, p, ddof }: { G: number; p: number; ddof: number }) => {
    const { degenerate, meanAbsolute, largest, ...moments } = randomAdvantageMoments(G, p, ddof);
    return { ...moments, p_degenerate: degenerate, abs_mean: meanAbsolute, max_abs: largest };
  },
  mislabel_delta: (inputs: { n_correct: number; G: number; false_pos: number; false_neg: number }) => ({
    delta: mislabelDelta({
      correct: inputs.n_correct,
      groupSize: inputs.G,
      falsePositives: inputs.false_pos,
      falseNegatives: inputs.false_neg,
    }),
  }),
  mislabel_moments: ({ n_correct, G }: { n_correct: number; G: number }, { p }: { p: number }) => {
    const { exact, closed } = mislabelMoments(n_correct, G, p);
    return { mean: exact.mean, var: exact.variance, closed_mean: closed.mean, closed_var: closed.variance };
  },
  expected_entropy_change: (
    { probs }: { probs: readonly number[] },
    { eta, var: variances }: { eta: number; var: readonly number[] },
  ) => {
    const { exact, phi, secondOrder } = expectedEntropyChange(probs, eta, variances);
    return { exact, phi, second_order: secondOrder };
  },
  exponential_update: (
    { probs, delta }: { probs: readonly number[]; delta: readonly number[] },
    { eta }: { eta: number },
  ) => {
    const { probabilities, entropyChange, firstOrder } = exponentialUpdate(probs, delta, eta);
    return { new_probs: probabilities, dH: entropyChange, first_order: firstOrder };
  },
  clip_correction_stats: correctionCase,
  ppo_surrogate: (inputs: SurrogateInputs, params: AggregationParams & { clip: boolean; eps: number }) =>
    surrogateCase(inputs, params, (context) => {
      const ratio = tokenRatio(context);
      if (!params.clip) return context.advantages.mul(ratio).neg();
      return clippedLoss(context, ratio, { clipLow: params.eps, clipHigh: params.eps });
    }),
  spurious_reward: (
    { uniform, correct }: { uniform: readonly number[]; correct: readonly number[] },
    { p }: { p: number },
  ) =>
    Object.fromEntries(
      rewardArms.map((arm) => [arm, uniform.map((draw, i) => spuriousReward(arm, correct[i] === 1, draw, p))]),
    ),
};
