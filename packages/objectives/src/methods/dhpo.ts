/**
 * DHPO, dynamic hybrid policy optimisation (arXiv 2601.05607; no official code, its full text was not read).
 *
 *     r = pi / pi_old of the token;  s = sequence ratio with the gradient of the token (as in GSPO-token)
 *     alpha_t = constant, or (H_t - H_min) / (H_max - H_min + 1e-8)           old entropy, no gradient
 *     r' = clip(r, 1 -+ token bounds),  s' = clip(s, 1 -+ sequence bounds)     each branch before mixing
 *     ratio-mix:  L_t = max(-A (alpha r + (1 - alpha) s), -A (alpha r' + (1 - alpha) s'))
 *     branch-min: L_t = alpha max(-A r, -A r') + (1 - alpha) max(-A s, -A s')
 *     loss = mean over rollouts of mean over tokens of L_t
 *
 * alpha = 1 is GRPO, alpha = 0 GSPO-token, both without dual clip. A token beyond its own bound still learns (1 - alpha) s
 * A through the sequence. Inferred: extremes over the response (or the whole step), high entropy towards the token
 * branch, and ratio-mix. Sequence bounds are about a thousandth of token bounds and must not be shared.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast, tokenColumn } from '../columns.js';
import { objective, type LossContext } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { choice, number, type SettingsOf } from '../settings.js';
import type { Value } from '../tape/value.js';
import { clippedLoss, pessimisticLoss, type ClipRange } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { sequenceRatioByToken, tokenRatio } from '../terms/ratio.js';

export const hybridSettings = {
  combine: choice('ratio-mix', ['ratio-mix', 'branch-min'], 'mix the ratios, or the losses of the two branches'),
  tokenClipLow: number(0.2, 'token ratios are clipped from below at 1 - tokenClipLow', { min: 0 }),
  tokenClipHigh: number(0.2, 'token ratios are clipped from above at 1 + tokenClipHigh', { min: 0 }),
  sequenceClipLow: number(3e-4, 'sequence ratios are clipped from below at 1 - sequenceClipLow', { min: 0 }),
  sequenceClipHigh: number(4e-4, 'sequence ratios are clipped from above at 1 + sequenceClipHigh', { min: 0 }),
} as const;

const mixingSettings = {
  mixing: choice('average', ['average', 'entropy'], 'a constant weight of the token branch, or one from entropy'),
  alpha: number(0.5, 'that constant weight', { min: 0, max: 1 }),
  entropyFavours: choice('token', ['token', 'sequence'], 'branch that tokens of high entropy go to'),
  entropyScope: choice('response', ['response', 'batch'], 'where the extremes of entropy are sought'),
} as const;

export const dhpo = objective({
  title: 'DHPO',
  source: 'arXiv 2601.05607',
  kinds: ['policy loss'],
  summary: 'Token and sequence ratio, each clipped in its own bounds, then mixed by a constant or by entropy.',
  vectors: 'dhpo',
  settings: {
    ...groupAdvantageSettings,
    ...mixingSettings,
    ...hybridSettings,
    ...commonSettings({ aggregation: 'seq-mean-token-mean' }),
  },
  variants: [
    { mixing: 'entropy', sequenceClipLow: 0.05, sequenceClipHigh: 0.05 },
    { mixing: 'entropy', entropyScope: 'batch', entropyFavours: 'sequence', combine: 'branch-min' },
  ],
  stopsGradient: 'the sequence ratio, apart from the token itself',
  needs: (settings) => [
    'oldLogProb',
    ...(settings.mixing === 'entropy' ? (['oldEntropy'] as const) : []),
    ...commonNeeds(settings),
  ],
  derived: ['tokenScale'],
  differentiates: commonGradients,
  derive: (batch, settings) => (settings.mixing === 'entropy' ? { tokenScale: tokenWeights(batch, settings) } : {}),
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const alpha = settings.mixing === 'entropy' ? context.column('tokenScale') : context.tape.fill(settings.alpha);
    context.reportMean('tokenWeight', alpha);
    return totalLoss(context, hybridLoss(context, alpha, settings), settings);
  },
});

/** [token] L_t above. Of the branches' metrics those of the token branch are kept, and `clipFraction` of the whole. */
export function hybridLoss(context: LossContext, alpha: Value, settings: SettingsOf<typeof hybridSettings>): Value {
  const sequence = sequenceRatioByToken(context);
  const token = tokenRatio(context);
  const tokenRange: ClipRange = { clipLow: settings.tokenClipLow, clipHigh: settings.tokenClipHigh };
  const sequenceRange: ClipRange = { clipLow: settings.sequenceClipLow, clipHigh: settings.sequenceClipHigh };
  const mix = (ofToken: Value, ofSequence: Value) => alpha.mul(ofToken).add(alpha.affine(-1, 1).mul(ofSequence));
  if (settings.combine === 'branch-min') {
    const ofSequence = clippedLoss(context, sequence, sequenceRange);
    return mix(clippedLoss(context, token, tokenRange), ofSequence);
  }
  return pessimisticLoss(
    context,
    mix(token, sequence),
    mix(within(token, tokenRange), within(sequence, sequenceRange)),
  );
}

function within(ratio: Value, { clipLow, clipHigh }: ClipRange): Value {
  return ratio.clip(1 - clipLow, 1 + clipHigh);
}

function tokenWeights(batch: RolloutBatch, settings: SettingsOf<typeof mixingSettings>): Float64Array {
  const weights = entropyWeights(batch, settings.entropyScope);
  if (settings.entropyFavours === 'token') return weights;
  return weights.map((weight, token) => (batch.mask[token] === 0 ? 0 : 1 - weight));
}

/**
 * [tokens] Old entropy brought to 0 .. 1 by its extremes over the tokens of the response, or of the batch, that carry
 * loss. 0 under the mask and where all entropies are equal.
 */
export function entropyWeights(batch: RolloutBatch, scope: 'response' | 'batch', epsilon = 1e-8): Float64Array {
  const { offsets, mask } = batch;
  const entropy = tokenColumn(batch, 'oldEntropy');
  const weights = new Float64Array(mask.length);
  const rescale = (from: number, to: number) => {
    let [low, high] = [Infinity, -Infinity];
    for (let i = from; i < to; i++) {
      if (mask[i] === 0) continue;
      low = Math.min(low, entropy[i]!);
      high = Math.max(high, entropy[i]!);
    }
    const scale = 1 / (high - low + epsilon);
    for (let i = from; i < to; i++) if (mask[i] !== 0) weights[i] = (entropy[i]! - low) * scale;
  };
  if (scope === 'batch') rescale(0, mask.length);
  else batch.group.forEach((_, rollout) => rescale(offsets[rollout]!, offsets[rollout + 1]!));
  return weights;
}
