import { part, type LossContext } from '../define.js';
import type { Value } from '../tape/value.js';
import { LOG_RATIO_BOUND } from './ratio.js';

export const samplerCorrection = part({
  title: 'Truncated and masked importance sampling',
  source: 'verl rollout_corr_helper.py',
  kinds: ['off-policy correction'],
  summary: 'Weighs tokens by trainer over sampler probability, cut at a threshold; the setting samplerCorrection.',
  vectors: 'baselines',
  needs: ['oldLogProb', 'samplerLogProb'],
});

/**
 * Importance weights w = pi_old / pi_sampler for a sampler whose log-probs differ from the trainer's (TIS, MIS; verl
 * rollout_corr_helper.py, TRL vllm_importance_sampling). Per token, or of the whole rollout (the exponential of the sum
 * of log-ratios, the same for its tokens). `truncate` cuts weights at the threshold, `mask` puts those above it to 0.
 * Weights have no gradient. Where the old log-probs are the sampler's own, PPO's ratio already corrects: use `none`.
 */
export const samplerCorrections = [
  'none',
  'token-truncate',
  'token-mask',
  'sequence-truncate',
  'sequence-mask',
] as const;

export type SamplerCorrection = (typeof samplerCorrections)[number];

export interface SamplerSettings {
  readonly samplerCorrection: SamplerCorrection;
  readonly samplerThreshold: number;
  /** Divide by the mean weight: over tokens, or over rollouts for sequence weights. */
  readonly samplerNormalize: boolean;
}

/** [token] The weight of each token's policy loss; all 1 for `none`. */
export function samplerWeights(context: LossContext, settings: SamplerSettings): Value {
  const { tape } = context;
  const { samplerCorrection: mode, samplerThreshold: threshold } = settings;
  if (mode === 'none') return tape.fill(1);
  const log = context.column('oldLogProb').sub(context.column('samplerLogProb'));
  const bySequence = mode.startsWith('sequence');
  const level = bySequence ? log.sum(tape.rollout) : log;
  const weights = level.clip(-LOG_RATIO_BOUND, LOG_RATIO_BOUND).exp().data;
  const kept = weights.map((weight) => (weight <= threshold ? weight : mode.endsWith('mask') ? 0 : threshold));
  const mean = settings.samplerNormalize ? meanWeight(kept, bySequence ? tape.lengths : undefined) : 1;
  const scaled = kept.map((weight) => weight / mean);
  return tape.constant(level.axis, scaled).to(tape.token);
}

/** Mean over tokens, or over rollouts that have any; 1 where there is none or all are 0. */
function meanWeight(weights: Float64Array, lengths: Float64Array | undefined): number {
  let [sum, count] = [0, 0];
  weights.forEach((weight, i) => {
    if (lengths?.[i] === 0) return;
    sum += weight;
    count += 1;
  });
  return sum > 0 ? sum / count : 1;
}
