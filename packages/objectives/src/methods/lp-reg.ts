/**
 * Lp-Reg, regularising low-probability tokens (arXiv 2510.03222; compute_policy_loss_lp_reg and apply_min_p of the
 * authors' verl fork).
 *
 *     q = the old policy without tokens below floor * max p, renormalised        q(o) = p(o) / kept mass, or 0
 *     chosen:  the k = floor(lowShare N) tokens of smallest log pi among the N with A < 0, where k > 1; then only those
 *              with log pi < log q, so that a token that was dropped is never protected
 *     chosen:  L_t = -A r + proxyCoef KL(log q - log pi)             k3 within +-10; no clip on these tokens
 *     others:  L_t = max(-A r, -A clip(r, 1 - e_lo, 1 + e_hi))       e_lo 1, e_hi 9: practically unclipped
 *     loss = sum of L_t / tokens
 *
 * The official code chooses inside each micro-batch, so that short ones (N < 2 / lowShare) never regularise; here it is the
 * minibatch. The same rule for A > 0 with `lowSharePositive` is off by default, as there. log q comes in the column
 * `proxyLogProb`, or is derived at the start of the step from the likeliest tokens (`topK`): exact when they hold every
 * token above the floor, of which there are at most 1 / (floor max p).
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast, tokenColumn } from '../columns.js';
import { objective, type LossContext } from '../define.js';
import type { ColumnName, RolloutBatch, TopKColumns } from '../objective.js';
import { choice, number, withDefaults, type SettingsOf } from '../settings.js';
import type { Value } from '../tape/value.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { klPenalty } from '../terms/kl.js';
import { tokenRatio } from '../terms/ratio.js';
import { largest } from '../terms/select.js';

export const lpRegSettings = {
  lowShare: number(0.01, 'share of tokens with A < 0 that is considered', { min: 0, max: 1 }),
  lowSharePositive: number(0, 'share of tokens with A > 0 that is considered', { min: 0, max: 1 }),
  proxyCoef: number(1, 'weight of the pull towards q', { min: 0 }),
  proxyKl: choice('k3', ['k3', 'abs', 'k2'], 'estimator of that pull'),
  ...withDefaults(clipRangeSettings, { clipLow: 1, clipHigh: 9 }),
} as const;

export type LpRegSettings = SettingsOf<typeof lpRegSettings>;

/** The largest penalty of a token; its gradient ends there. */
const PENALTY_BOUND = 10;

/** [token] L_t above. Reports `selectedFraction`, the share that is regularised. */
export function lowProbabilityLoss(context: LossContext, settings: LpRegSettings): Value {
  const { tape, logProb, advantages } = context;
  const ratio = tokenRatio(context);
  const clipped = clippedLoss(context, ratio, settings);
  const proxy = context.column('proxyLogProb').data;
  const chosen = regularised(logProb.data, proxy, advantages.data, settings);
  context.reportShare('selectedFraction', tape.token, (i) => chosen[i] === 1);
  // Elsewhere the proxy may be -Infinity: there it is the policy itself, whose penalty and gradient are 0.
  const target = tape.constant(
    tape.token,
    proxy.map((value, i) => (chosen[i] === 1 ? value : logProb.data[i]!)),
  );
  const penalty = klPenalty(logProb, target, settings.proxyKl).clip(-PENALTY_BOUND, PENALTY_BOUND);
  const free = advantages.mul(ratio).neg();
  return free.add(penalty.mul(settings.proxyCoef)).where(chosen, clipped);
}

/** [token] 1 for the tokens that are pulled towards the proxy. */
export function regularised(
  logProb: Float64Array,
  proxyLogProb: Float64Array,
  advantages: Float64Array,
  { lowShare, lowSharePositive }: Pick<LpRegSettings, 'lowShare' | 'lowSharePositive'>,
): Uint8Array {
  const negative = lowest(logProb, (i) => advantages[i]! < 0, lowShare);
  const positive = lowest(logProb, (i) => advantages[i]! > 0, lowSharePositive);
  return negative.map((flag, i) => (flag + positive[i]! > 0 && logProb[i]! < proxyLogProb[i]! ? 1 : 0));
}

/** Flags for the `share` of the eligible entries with the smallest values; none where that is fewer than two. */
function lowest(values: Float64Array, eligible: (i: number) => boolean, share: number): Uint8Array {
  const keys = new Float64Array(values.length);
  let candidates = 0;
  for (let i = 0; i < keys.length; i++) {
    const counts = eligible(i);
    keys[i] = counts ? -values[i]! : NaN;
    candidates += counts ? 1 : 0;
  }
  const count = Math.floor(share * candidates);
  return count > 1 ? largest(keys, count) : new Uint8Array(values.length);
}

export interface MinPOptions {
  readonly floor: number;
  /** `minp`: the floor is a share of the largest probability; `fixed`: a probability. */
  readonly kind?: 'minp' | 'fixed';
  /** Divides the logits that are left. The floor is applied before it, as in the official code. */
  readonly temperature?: number;
}

/** The filtered distribution q of one position, from its logits. */
export function minPProxy(
  logits: readonly number[],
  { floor, kind = 'minp', temperature = 1 }: MinPOptions,
): { readonly keep: number[]; readonly probabilities: number[] } {
  const p = softmax(logits);
  const least = kind === 'minp' ? floor * Math.max(...p) : floor;
  const keep = p.map((value) => (value >= least ? 1 : 0));
  const left = logits.map((logit, i) => (keep[i] === 1 ? logit / temperature : -Infinity));
  return { keep, probabilities: keep.includes(1) ? softmax(left) : keep };
}

/** [tokens] log q of the chosen tokens, from the likeliest tokens of each position. -Infinity where dropped. */
export function minPProxyLogProb(batch: RolloutBatch, { width, logProb }: TopKColumns, floor: number): Float64Array {
  const chosen = tokenColumn(batch, 'logProb');
  return chosen.map((own, token) => {
    if (batch.mask[token] === 0) return 0;
    const candidates = logProb.subarray(token * width, (token + 1) * width);
    let most = own;
    for (let i = 0; i < candidates.length; i++) most = Math.max(most, candidates[i]!);
    const least = most + Math.log(floor);
    if (own < least) return -Infinity;
    let mass = 0;
    for (let i = 0; i < candidates.length; i++) if (candidates[i]! >= least) mass += Math.exp(candidates[i]!);
    return own - Math.log(Math.min(Math.max(mass, Math.exp(own)), 1));
  });
}

export const lpReg = objective({
  title: 'Lp-Reg',
  source: 'arXiv 2510.03222',
  kinds: ['policy loss', 'divergence'],
  summary: 'Rare tokens of failed responses that are not noise are held near a noise-filtered copy of the policy.',
  vectors: 'lp-reg',
  settings: {
    ...groupAdvantageSettings,
    ...lpRegSettings,
    floor: number(0.02, 'tokens below this share of the largest probability are noise', { min: 1e-9, max: 1 }),
    topK: number(64, 'likeliest tokens asked for at each position to derive log q', { min: 1 }),
    ...commonSettings(),
  },
  variants: [
    { lowShare: 0.6, proxyKl: 'abs', clipLow: 0.2, clipHigh: 0.28 },
    { lowShare: 0.5, lowSharePositive: 0.5, proxyKl: 'k2', proxyCoef: 0.3 },
    { lowShare: 1 },
  ],
  needs: (settings) => ['oldLogProb', 'proxyLogProb', ...commonNeeds(settings)],
  topK: ({ topK }) => topK,
  differentiates: commonGradients,
  derive: (batch, { floor }) => derivedProxy(batch, floor),
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, lowProbabilityLoss(context, settings), settings),
  exempt: { 'micro-batch-split': 'the tokens of smallest probability are sought in the whole minibatch' },
});

function derivedProxy(batch: RolloutBatch, floor: number): Partial<Record<ColumnName, Float64Array>> {
  if (batch.columns.proxyLogProb !== undefined || batch.topK === undefined) return {};
  return { proxyLogProb: minPProxyLogProb(batch, batch.topK, floor) };
}

function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const exps = logits.map((logit) => Math.exp(logit - most));
  const sum = exps.reduce((total, value) => total + value, 0);
  return exps.map((value) => value / sum);
}
