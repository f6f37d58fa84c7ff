/**
 * RAIF (arXiv 2506.01413; models/loss.py, PolicyLoss): GRPO in which only samples whose reasoning helped are learnt from.
 *
 *     A_j = (R_j - mean_g) / (std_g + 1e-9)                     over all samples of a prompt, those without reasoning too
 *     rho = exp(k_j (log pi - log pi_old)),  k_j in {0, 1}
 *     loss = mean over samples of mean over tokens of max(-A rho, -A clip(rho, 1 - e, 1 + e)) + klCoef k3(pi, ref)
 *
 * A sample with k_j = 0 has the ratio 1 and no policy gradient, but it counts in the mean over samples and in the KL, so
 * it is not the same as dropping it. Where k comes from (reasoning beats answering directly) is `superiorSamples` of
 * packages/verify. The behaviour-cloning term is `sft` over expert answers.
 */
import { part, type LossContext } from '../define.js';
import { aggregate } from '../terms/aggregate.js';
import { clippedLoss, type ClipRange } from '../terms/clip.js';
import { klPenalty } from '../terms/kl.js';
import { logRatio } from '../terms/ratio.js';
import type { Value } from '../tape/value.js';

export const raif = part({
  title: 'RAIF',
  source: 'arXiv 2506.01413',
  kinds: ['filter', 'policy loss'],
  summary:
    'GRPO that learns from samples whose reasoning beats a direct answer; the others only count in means and KL.',
  vectors: 'raif',
  needs: ['oldLogProb', 'refLogProb'],
});

export interface RaifSettings extends ClipRange {
  readonly klCoef: number;
}

export interface RaifLoss {
  /** Scalars on the tape; `total` is `policy + klCoef divergence`. */
  readonly policy: Value;
  readonly divergence: Value;
  readonly total: Value;
}

/** The loss above; `keep`: [rollouts] k, 0 or 1. */
export function raifLoss(context: LossContext, keep: ArrayLike<number>, settings: RaifSettings): RaifLoss {
  const { tape, totals } = context;
  const mean = { aggregation: 'seq-mean-token-mean', lengthNorm: null } as const;
  const kept = tape.constant(tape.rollout, Float64Array.from(keep));
  const ratio = logRatio(context).mul(kept).exp();
  const policy = aggregate(tape, clippedLoss(context, ratio, settings), totals, mean);
  const kl = klPenalty(context.logProb, context.column('refLogProb'), 'k3-unbounded');
  const divergence = aggregate(tape, kl, totals, mean);
  return { policy, divergence, total: policy.add(divergence.mul(settings.klCoef)) };
}
