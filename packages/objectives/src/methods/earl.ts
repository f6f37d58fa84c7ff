/**
 * EARL, policy gradient on the uncertain tokens of each response (arXiv 2511.12033; no official code, its full text was
 * not read).
 *
 *     g_t = H_t >= quantile(H, 1 - topFraction)                    linear, over the response; H: old entropy
 *     loss = sum of g_t max(-A r, -A clip(r, 1 - e, 1 + e)) / tokens + klCoef sum of k3(pi, ref) / tokens
 *
 * The KL anchor is on all tokens, so that the deterministic ones stay where they are; klCoef 0.001 to 0.04, default 0 so
 * that no reference is asked for unless it is wanted. `denominator: gated` divides the policy term by the number of gated
 * tokens of the step instead, about 1 / topFraction times larger. A gate at threshold 0 would let every certain token
 * through, so the gated tokens must also have H > 0. Inferred: fraction, denominator and the reach of the anchor.
 * `cascadeReward` is the paper's staged reward.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast, tokenColumn } from '../columns.js';
import { objective } from '../define.js';
import { entropyGate } from '../filters/entropy-gate.js';
import type { RolloutBatch } from '../objective.js';
import { choice, number, type SettingsOf } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';

const gateSettings = {
  topFraction: number(0.2, 'share of the tokens of a response that carry policy gradient', { min: 0, max: 1 }),
  gateScope: choice('response', ['response', 'batch'], 'where the entropy threshold is taken'),
  denominator: choice('all', ['all', 'gated'], 'tokens that the policy term is divided by'),
} as const;

export const earl = objective({
  title: 'EARL',
  source: 'arXiv 2511.12033',
  kinds: ['policy loss', 'filter', 'reward'],
  summary: 'Policy gradient on the high-entropy tokens of each response only, a KL anchor on all; staged reward.',
  vectors: 'earl',
  settings: { ...groupAdvantageSettings, ...gateSettings, ...clipRangeSettings, ...commonSettings() },
  variants: [{ gateScope: 'batch', denominator: 'gated', topFraction: 0.5, klCoef: 0.04 }],
  needs: (settings) => ['oldLogProb', 'oldEntropy', ...commonNeeds(settings)],
  derived: ['tokenScale'],
  differentiates: commonGradients,
  derive: (batch, settings) => ({ tokenScale: certainRemoved(batch, gateWeights(batch, settings)) }),
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const gate = context.column('tokenScale');
    context.reportShare('selectedFraction', gate.axis, (i) => gate.data[i]! > 0);
    return totalLoss(context, clippedLoss(context, tokenRatio(context), settings).mul(gate), settings);
  },
});

/** [tokens] The gate, times all tokens over gated ones where the policy term is to be divided by these. */
export function gateWeights(
  batch: RolloutBatch,
  { topFraction, gateScope, denominator }: SettingsOf<typeof gateSettings>,
): Float64Array {
  const gate = entropyGate(batch, topFraction, gateScope);
  if (denominator === 'all') return gate;
  let [tokens, gated] = [0, 0];
  for (let i = 0; i < gate.length; i++) {
    tokens += batch.mask[i]!;
    gated += gate[i]!;
  }
  return gate.map((flag) => (flag * tokens) / Math.max(gated, 1));
}

function certainRemoved(batch: RolloutBatch, weights: Float64Array): Float64Array {
  const entropy = tokenColumn(batch, 'oldEntropy');
  return weights.map((weight, i) => (batch.mask[i] !== 0 && entropy[i]! > 0 ? weight : 0));
}
