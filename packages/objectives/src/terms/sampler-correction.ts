import type { LossContext } from '../define.js';
import type { Value } from '../tape/value.js';
import { LOG_RATIO_BOUND } from './ratio.js';

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
}

/** [token] The weight of each token's policy loss; all 1 for `none`. */
export function samplerWeights(context: LossContext, settings: SamplerSettings): Value {
  const { tape } = context;
  const { samplerCorrection: mode, samplerThreshold: threshold } = settings;
  if (mode === 'none') return tape.fill(1);
  const log = context.column('oldLogProb').sub(context.column('samplerLogProb'));
  const level = mode.startsWith('sequence') ? log.sum(tape.rollout).to(tape.token) : log;
  const weights = level.clip(-LOG_RATIO_BOUND, LOG_RATIO_BOUND).exp();
  if (mode.endsWith('truncate')) return weights.min(threshold);
  const kept = weights.data.map((weight) => (weight <= threshold ? weight : 0));
  return tape.constant(tape.token, kept);
}
