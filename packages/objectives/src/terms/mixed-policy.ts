import type { LossContext } from '../define.js';
import { flag } from '../settings.js';
import type { Value } from '../tape/value.js';
import { clippedLoss, clipRangeSettings, type ClipRange } from './clip.js';
import { tokenRatio } from './ratio.js';

export const onPolicyClipSettings = {
  clipOnPolicy: flag(false, 'PPO clip on on-policy tokens'),
  ...clipRangeSettings,
} as const;

export interface OnPolicyClip extends ClipRange {
  readonly clipOnPolicy: boolean;
}

/** [token] 1 at tokens that another policy wrote (the column `external`). */
export function externalFlags(context: LossContext): Uint8Array {
  return Uint8Array.from(context.column('external').data, (value) => (value !== 0 ? 1 : 0));
}

/**
 * [token] `-A w` at tokens that another policy wrote, w being their weight; `-A r` at the policy's own, or PPO's clipped
 * loss. Reports `externalLoss`.
 */
export function mixedSurrogate(
  context: LossContext,
  external: Uint8Array,
  weight: Value,
  settings: OnPolicyClip,
): Value {
  const { advantages } = context;
  const ratio = tokenRatio(context);
  const own = settings.clipOnPolicy ? clippedLoss(context, ratio, settings) : advantages.mul(ratio).neg();
  const loss = weight.mul(advantages).neg().where(external, own);
  context.report('externalLoss', meanWhere(loss.data, external));
  return loss;
}

/** Mean over flagged entries, 0 without any. */
export function meanWhere(values: Float64Array, flags: Uint8Array): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (flags[i] === 0) continue;
    sum += values[i]!;
    count += 1;
  }
  return count > 0 ? sum / count : 0;
}
