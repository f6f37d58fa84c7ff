import { tokenColumn } from '../columns.js';
import { part } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { LOG_RATIO_BOUND } from '../terms/ratio.js';

export const rejection = part({
  title: 'Mismatch rejection',
  source: 'verl rollout_corr_helper.py',
  kinds: ['filter', 'off-policy correction'],
  summary: 'Takes tokens or rollouts out of the mask whose sampler log-probs disagree too much with the trainer.',
  vectors: 'baselines',
  needs: ['oldLogProb', 'samplerLogProb'],
});

/**
 * What is compared with the bounds, from x = log pi_old - log pi_sampler cut at +-20 (verl rollout_corr_helper.py):
 * k1 = -x, k2 = x^2 / 2, k3 = exp(x) - 1 - x, of a token or of the sum, mean or largest over a rollout.
 */
export interface RejectionRule {
  readonly level: 'token' | 'seq_sum' | 'seq_mean' | 'seq_max';
  readonly estimator: 'k1' | 'k2' | 'k3';
  /** Smallest accepted value; absent: none. */
  readonly lower?: number;
  /** Largest accepted value. */
  readonly upper: number;
}

/** A k1 rule from bounds on a ratio, as verl writes them: log lower <= k1 <= log upper. k1 is minus the log-ratio. */
export function ratioBounds(level: RejectionRule['level'], lower: number, upper: number): RejectionRule {
  return { level, estimator: 'k1', lower: Math.log(lower), upper: Math.log(upper) };
}

/**
 * [tokens] The mask without tokens (or whole rollouts) that break any rule: rejection by mismatch between sampler and
 * trainer. Needs the columns `oldLogProb` and `samplerLogProb`.
 */
export function rejectionMask(batch: RolloutBatch, rules: readonly RejectionRule[]): Uint8Array {
  const old = tokenColumn(batch, 'oldLogProb');
  const sampler = tokenColumn(batch, 'samplerLogProb');
  const mask = Uint8Array.from(batch.mask);
  for (const rule of rules) {
    const estimate = old.map((value, i) => estimators[rule.estimator](bounded(value - sampler[i]!)));
    const accepted = (value: number) => value >= (rule.lower ?? -Infinity) && value <= rule.upper;
    for (let rollout = 0; rollout < batch.group.length; rollout++) {
      const [from, to] = [batch.offsets[rollout]!, batch.offsets[rollout + 1]!];
      if (rule.level === 'token') {
        for (let i = from; i < to; i++) if (!accepted(estimate[i]!)) mask[i] = 0;
      } else if (!accepted(reduced(estimate, batch.mask, from, to, rule.level))) mask.fill(0, from, to);
    }
  }
  return mask;
}

const estimators = {
  k1: (x: number) => -x,
  k2: (x: number) => (x * x) / 2,
  k3: (x: number) => Math.expm1(x) - x,
} as const;

function reduced(
  estimate: Float64Array,
  mask: Uint8Array,
  from: number,
  to: number,
  level: 'seq_sum' | 'seq_mean' | 'seq_max',
): number {
  let [sum, count, most] = [0, 0, -Infinity];
  for (let i = from; i < to; i++) {
    if (mask[i] === 0) continue;
    sum += estimate[i]!;
    count += 1;
    most = Math.max(most, estimate[i]!);
  }
  if (level === 'seq_sum') return sum;
  return level === 'seq_max' ? most : sum / Math.max(count, 1);
}

function bounded(logRatio: number): number {
  return Math.min(Math.max(logRatio, -LOG_RATIO_BOUND), LOG_RATIO_BOUND);
}
