import type { LossContext } from '../define.js';
import { number, optionalNumber, withDefaults } from '../settings.js';
import type { Value } from '../tape/value.js';

export const clipRangeSettings = {
  clipLow: number(0.2, 'the ratio is clipped from below at 1 - clipLow', { min: 0 }),
  clipHigh: number(0.2, 'the ratio is clipped from above at 1 + clipHigh', { min: 0 }),
} as const;

/** Bounds of ratios that are geometric means over a response (arXiv 2507.18071). */
export const sequenceClipSettings = withDefaults(clipRangeSettings, { clipLow: 3e-4, clipHigh: 4e-4 });

export const clipSettings = {
  ...clipRangeSettings,
  dualClip: optionalNumber(3, 'c: with A < 0 the loss of a token is at most -A c; null: no such bound', { min: 1 }),
  ratioCap: optionalNumber(null, "TRL's delta: bound of the ratio in the unclipped branch; null: none", { min: 0 }),
} as const;

export interface ClipRange {
  readonly clipLow: number;
  readonly clipHigh: number;
  /** TRL's delta: the free branch has the ratio min(r, ratioCap). */
  readonly ratioCap?: number | null;
}

export interface ClipSettings extends ClipRange {
  readonly dualClip: number | null;
}

/**
 * [token] PPO's clipped surrogate with dual clip (arXiv 1707.06347; arXiv 1912.09729):
 * `C = max(-A r, -A clip(r, 1 - clipLow, 1 + clipHigh))`, and `min(C, -A c)` where A < 0.
 * Reports `clipFraction` (the clipped branch is the larger) and `clipFractionLower` (the dual clip binds).
 */
export function clippedSurrogate(context: LossContext, ratio: Value, settings: ClipSettings): Value {
  const { advantages } = context;
  const clipped = clippedLoss(context, ratio, settings);
  const { dualClip } = settings;
  if (dualClip === null) return clipped;
  const bound = dualBound(advantages.data, dualClip);
  context.reportShare('clipFractionLower', clipped.axis, (i) => clipped.data[i]! > bound[i]!);
  return clipped.min(context.tape.constant(advantages.axis, bound));
}

/** -A c where A < 0, no bound elsewhere. */
function dualBound(advantages: Float64Array, dualClip: number): Float64Array {
  const bound = new Float64Array(advantages.length);
  for (let i = 0; i < bound.length; i++) bound[i] = advantages[i]! < 0 ? -advantages[i]! * dualClip : Infinity;
  return bound;
}

/** [token] `max(-A r, -A clip(r, 1 - clipLow, 1 + clipHigh))`. Reports `clipFraction`. */
export function clippedLoss(context: LossContext, ratio: Value, { clipLow, clipHigh, ratioCap }: ClipRange): Value {
  const free = typeof ratioCap === 'number' ? ratio.min(ratioCap) : ratio;
  return pessimisticLoss(context, free, ratio.clip(1 - clipLow, 1 + clipHigh));
}

/** [token] `max(-A r, -A r')` of a free ratio r and a bounded one r'. Reports `clipFraction`: r' has the larger loss. */
export function pessimisticLoss(context: LossContext, freeRatio: Value, boundedRatio: Value): Value {
  const pull = context.advantages.neg();
  const free = pull.mul(freeRatio);
  const bounded = pull.mul(boundedRatio);
  context.reportShare('clipFraction', free.axis, (i) => bounded.data[i]! > free.data[i]!);
  return free.max(bounded);
}
