/**
 * UCAS, advantages shaped by the model's own confidence (arXiv 2510.10649; compute_ucas_advantage of its repository).
 *
 *     c_t = logsumexp(z) - mean z = -meanLogProb                    self-certainty: KL(uniform || p) + log V
 *     C_i = sum (code) or mean (paper) of c_t over the response
 *     A_i = (R_i - mean_g) / (std_g + 1e-6),  z_i the same of C_i   ddof 1; advantageScale none: both only centred
 *     S   = A_i exp(-betaPositive z_i) where A_i > 0, A_i exp(betaNegative z_i) elsewhere
 *     n_t = (g_t - g_min) / (g_max - g_min + 1e-6)                  g: raw logit of the chosen token; extremes over the
 *     A_t = S - tokenCoef n_t, at least 0 where S > 0               step; n = 0.5 where they coincide
 *     loss as in GRPO with e = 0.2, sum over tokens / tokens
 *
 * All of it from the policy at the start of the step. With `sum`, z mostly measures length; prefer `mean` where lengths
 * differ much. A group without signal still gets -tokenCoef n. Chosen here: a group of one keeps weight 1 (in the code its
 * z is the raw sum and the exponential overflows), and the exponent is cut at +-20. tokenCoef 0 asks for no logits.
 */
import { groupAdvantage, groupAdvantageSettings, groupStatistics } from '../advantages/group.js';
import { scoredTokens } from '../advantages/whiten.js';
import { tokenColumn } from '../columns.js';
import { objective } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { choice, number, type SettingsOf } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

const shapingSettings = {
  ...groupAdvantageSettings,
  betaPositive: number(0.25, 'how much confidence damps A > 0', { min: 0 }),
  betaNegative: number(0.35, 'how much confidence deepens A < 0', { min: 0 }),
  tokenCoef: number(0.05, 'penalty of the most over-confident token; 0: no logits are asked for', { min: 0 }),
  confidence: choice('sum', ['sum', 'mean'], 'how certainties of tokens become one of the response'),
} as const;

export type UcasSettings = SettingsOf<typeof shapingSettings>;

export const ucas = objective({
  title: 'UCAS',
  source: 'arXiv 2510.10649',
  kinds: ['advantage', 'credit assignment'],
  summary: 'Rare right answers count more, confident wrong ones too, and over-confident tokens pay a little.',
  vectors: 'ucas',
  settings: { ...shapingSettings, ...clipSettings, ...commonSettings() },
  variants: [
    { confidence: 'mean', advantageScale: 'none' },
    { tokenCoef: 0, advantageScale: 'batch' },
  ],
  needs: (settings) => [
    'oldLogProb',
    'meanLogProb',
    ...(settings.tokenCoef > 0 ? (['oldLogit'] as const) : []),
    ...commonNeeds(settings),
  ],
  differentiates: commonGradients,
  advantages: (batch, settings) => {
    const certainty = tokenColumn(batch, 'meanLogProb').map((value) => -value);
    const shaped = confidenceShaped(batch, certainty, settings);
    return settings.tokenCoef > 0 ? logitPenalised(batch, shaped, tokenColumn(batch, 'oldLogit'), settings) : shaped;
  },
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
  exempt: { 'zero-signal': 'the penalty of over-confident tokens does not depend on rewards' },
});

/** logsumexp(z) - mean(z) over one position's logits, and its part KL(uniform || p). */
export function selfCertainty(logits: readonly number[]): { readonly certainty: number; readonly klUniform: number } {
  const most = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  const mean = logits.reduce((total, logit) => total + logit, 0) / logits.length;
  const certainty = most + Math.log(sum) - mean;
  return { certainty, klUniform: certainty - Math.log(logits.length) };
}

const EXPONENT_BOUND = 20;

/** [tokens] Stage 1: S at tokens that carry loss. `certainty` has an entry a token. */
export function confidenceShaped(batch: RolloutBatch, certainty: Float64Array, settings: UcasSettings): Float64Array {
  const { offsets, mask, rewards, group } = batch;
  const advantages = groupAdvantage(rewards, group, settings);
  const confidence = responseConfidence(batch, certainty, settings.confidence);
  const z = groupAdvantage(confidence, group, settings);
  const { index, count } = groupStatistics(rewards, group);
  const out = new Float64Array(mask.length);
  rewards.forEach((_, i) => {
    const advantage = advantages[i]!;
    const beta = advantage > 0 ? -settings.betaPositive : settings.betaNegative;
    const exponent = count[index[i]!]! > 1 ? beta * z[i]! : 0;
    const shaped = advantage * Math.exp(Math.min(Math.max(exponent, -EXPONENT_BOUND), EXPONENT_BOUND));
    for (let token = offsets[i]!; token < offsets[i + 1]!; token++) if (mask[token] !== 0) out[token] = shaped;
  });
  return out;
}

/** [rollouts] NaN for unscored rollouts, so that they stay out of group statistics. */
function responseConfidence(
  { offsets, mask, rewards }: RolloutBatch,
  certainty: Float64Array,
  reduce: 'sum' | 'mean',
): Float64Array {
  return rewards.map((reward, i) => {
    if (Number.isNaN(reward)) return NaN;
    let [sum, length] = [0, 0];
    for (let token = offsets[i]!; token < offsets[i + 1]!; token++) {
      if (mask[token] === 0) continue;
      sum += certainty[token]!;
      length += 1;
    }
    return reduce === 'sum' ? sum : sum / Math.max(length, 1);
  });
}

/** Extremes count as equal where torch.isclose says so. */
const CLOSE = { absolute: 1e-8, relative: 1e-5 } as const;

/** [tokens] Stage 2: the penalty of high logits, which never turns a positive token. `logits` has an entry a token. */
export function logitPenalised(
  batch: RolloutBatch,
  shaped: Float64Array,
  logits: Float64Array,
  { tokenCoef, advantageEpsilon }: Pick<UcasSettings, 'tokenCoef' | 'advantageEpsilon'>,
): Float64Array {
  const counted = scoredTokens(batch);
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < counted.length; i++) {
    if (counted[i] === 0) continue;
    low = Math.min(low, logits[i]!);
    high = Math.max(high, logits[i]!);
  }
  const equal = high - low <= CLOSE.absolute + CLOSE.relative * Math.abs(low);
  return shaped.map((value, i) => {
    if (counted[i] === 0) return 0;
    const level = equal ? 0.5 : (logits[i]! - low) / (high - low + advantageEpsilon);
    const penalised = value - tokenCoef * level;
    return value > 0 ? Math.max(penalised, 0) : penalised;
  });
}
