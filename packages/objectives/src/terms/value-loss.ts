import type { LossContext } from '../define.js';
import { number, optionalNumber } from '../settings.js';
import type { Value } from '../tape/value.js';
import { aggregate, type AggregationSettings } from './aggregate.js';

export const valueLossSettings = {
  valueCoef: number(1, 'weight of the value loss', { min: 0 }),
  valueClip: optionalNumber(0.2, 'values move at most this far from those of the start of the step; null: freely', {
    min: 0,
  }),
} as const;

/**
 * PPO's clipped value loss `0.5 agg(max((V - Ret)^2, (clip(V, V_old - c, V_old + c) - Ret)^2))`, differentiated by the
 * column `values`. Reports `valueLoss` and `valueClipFraction`.
 */
export function valueLoss(context: LossContext, clip: number | null, settings: AggregationSettings): Value {
  const { tape, totals } = context;
  const values = tape.input('values');
  const returns = context.column('returns');
  const free = values.sub(returns).square();
  const loss = clip === null ? free : clipped(context, values, returns, free, clip);
  const scalar = aggregate(tape, loss, totals, settings).mul(0.5);
  context.report('valueLoss', scalar.scalar);
  return scalar;
}

function clipped(context: LossContext, values: Value, returns: Value, free: Value, clip: number): Value {
  const old = context.column('oldValues');
  const held = values.max(old.sub(clip)).min(old.add(clip)).sub(returns).square();
  context.reportShare('valueClipFraction', free.axis, (i) => held.data[i]! > free.data[i]!);
  return free.max(held);
}
