import { quantile } from '../terms/select.js';

/**
 * The 80/20 rule (arXiv 2506.01939; TRL grpo_trainer.py get_high_entropy_mask): tokens whose entropy is at least the
 * (1 - topFraction) quantile, interpolated linearly, over all tokens given.
 */
export function highEntropyTokens(
  entropy: Float64Array,
  topFraction: number,
): { readonly threshold: number; readonly keep: Uint8Array } {
  const threshold = quantile(entropy, 1 - topFraction);
  return { threshold, keep: Uint8Array.from(entropy, (value) => (value >= threshold ? 1 : 0)) };
}
