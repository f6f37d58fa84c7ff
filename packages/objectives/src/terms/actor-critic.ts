import { gae, type GaeResult } from '../advantages/returns.js';
import { whiten } from '../advantages/whiten.js';
import { tokenColumn } from '../columns.js';
import type { LossContext } from '../define.js';
import type { ColumnName, DifferentiableColumn, RolloutBatch } from '../objective.js';
import { number, type SettingsOf } from '../settings.js';
import type { Value } from '../tape/value.js';
import { clippedSurrogate, clipSettings } from './clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from './common.js';
import { tokenRatio } from './ratio.js';
import { valueLoss, valueLossSettings } from './value-loss.js';

export const actorCriticSettings = {
  gamma: number(1, 'discount a token', { min: 0, max: 1 }),
  lambda: number(0.95, 'decay of the advantage estimator', { min: 0, max: 1 }),
  ...clipSettings,
  ...valueLossSettings,
  ...commonSettings(),
} as const;

export type ActorCriticSettings = SettingsOf<typeof actorCriticSettings>;

/**
 * What every method with a value head shares, given the rewards of tokens: generalised advantage estimation, whitened
 * over the step, value targets, clipped policy and value loss. `S`: the settings that the rewards read.
 */
export function actorCritic<S>(
  rewardsOf: (batch: RolloutBatch, settings: S) => Float64Array,
  rewardNeeds: (settings: S) => readonly ColumnName[],
) {
  type All = ActorCriticSettings & S;
  const estimate = (batch: RolloutBatch, settings: All): GaeResult => {
    const values = tokenColumn(batch, 'oldValues');
    return gae(batch, rewardsOf(batch, settings), values, settings.gamma, settings.lambda);
  };
  return {
    needs: (settings: All): ColumnName[] => [
      ...(['oldLogProb', 'values', 'oldValues'] as const),
      ...rewardNeeds(settings),
      ...commonNeeds(settings),
    ],
    derived: ['returns'] as const,
    differentiates: (settings: All): DifferentiableColumn[] => [...commonGradients(settings), 'values'],
    derive: (batch: RolloutBatch, settings: All) => ({ returns: estimate(batch, settings).returns }),
    advantages: (batch: RolloutBatch, settings: All) => whiten(batch, estimate(batch, settings).advantages),
    loss: (context: LossContext, settings: All): Value => {
      const policy = totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings);
      return policy.add(valueLoss(context, settings.valueClip, settings).mul(settings.valueCoef));
    },
    exempt: { 'zero-signal': 'the baseline is the value head: equal rewards differ from what it predicts' },
  } as const;
}
