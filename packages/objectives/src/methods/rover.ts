/**
 * ROVER, regression on the values of the uniformly random policy (arXiv 2509.24981; compute_rover_loss and
 * dp_actor.update_policy of its repository).
 *
 *     Q_t = rho (log pi - log pi_old)                              of the chosen token
 *     v_t = rho (l(s_{t+1}) - l_old(s_{t+1}))                      l: mean of log pi over the vocabulary
 *     loss = sum of (Q_t - sg(R_i - mean_g + valueScale v_t))^2 / tokens
 *
 * The centred reward stands at every token, not only at the last. v_t belongs to the state behind token t: it is 0 at the
 * last token of a response, and where the next one carries no loss. In the first update of a step Q = v = 0 and the
 * gradient is that of REINFORCE with mean baseline; v acts from the second update on. A group of equal rewards has no
 * advantage, but its loss still pulls Q towards v. The paper and Countdown code centre only (the default); the Math code
 * also divides by the standard deviation (`advantageScale: group`). No clip, no KL, no entropy bonus.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast, tokenColumn } from '../columns.js';
import { objective } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { number, withDefaults } from '../settings.js';
import { aggregate, aggregationSettings } from '../terms/aggregate.js';

export const rover = objective({
  title: 'ROVER',
  source: 'arXiv 2509.24981',
  kinds: ['policy loss', 'advantage'],
  summary: 'Log-ratios regressed on centred rewards plus the value that the uniformly random policy has next.',
  vectors: 'rover',
  settings: {
    ...withDefaults(groupAdvantageSettings, { advantageScale: 'none' }),
    rho: number(1, 'temperature of Q', { min: 0 }),
    valueScale: number(1, 'weight of the next value in the target', { min: 0 }),
    ...aggregationSettings,
  },
  variants: [{ advantageScale: 'group', rho: 0.5, valueScale: 0.3 }],
  needs: () => ['oldLogProb', 'meanLogProb', 'oldMeanLogProb'],
  differentiates: () => ['logProb'],
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const { tape, logProb, totals } = context;
    const log = logProb.sub(context.column('oldLogProb'));
    context.reportMean('approxKl', log, -1);
    const next = tape.tokenConstant(nextValues(tape.source, settings.rho));
    const target = context.advantages.add(next.mul(settings.valueScale));
    const loss = aggregate(tape, log.mul(settings.rho).sub(target).square(), totals, settings);
    context.report('policyLoss', loss.scalar);
    return loss;
  },
  exempt: { 'zero-gradient': 'log-ratios are regressed on the value of the random policy, too' },
});

/** [tokens] v_t above, without gradient. 0 under the mask. */
export function nextValues(batch: RolloutBatch, rho: number): Float64Array {
  const { offsets, mask } = batch;
  const current = tokenColumn(batch, 'meanLogProb');
  const old = tokenColumn(batch, 'oldMeanLogProb');
  const out = new Float64Array(mask.length);
  for (let rollout = 0; rollout < batch.group.length; rollout++) {
    const last = offsets[rollout + 1]! - 1;
    for (let token = offsets[rollout]!; token < last; token++) {
      if (mask[token] !== 0 && mask[token + 1] !== 0) out[token] = rho * (current[token + 1]! - old[token + 1]!);
    }
  }
  return out;
}
