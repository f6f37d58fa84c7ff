import type { LossContext } from '../define.js';
import type { ColumnName, DifferentiableColumn } from '../objective.js';
import { choice, flag, number, withDefaults, type SettingsOf } from '../settings.js';
import type { Value } from '../tape/value.js';
import { aggregate, aggregationSettings } from './aggregate.js';
import { klKinds, klPenalty } from './kl.js';
import { samplerCorrections, samplerWeights } from './sampler-correction.js';

const commonSchema = {
  ...aggregationSettings,
  klCoef: number(0, 'weight of the KL term to the reference; 0: no reference is asked for', { min: 0 }),
  klKind: choice('k3', klKinds, 'estimator of that KL'),
  entropyCoef: number(0, 'weight of the entropy bonus; 0: no entropy gradient is asked for'),
  samplerCorrection: choice(
    'none',
    samplerCorrections,
    'importance weight for a sampler that differs from the trainer',
  ),
  samplerThreshold: number(2, 'weights above it are truncated, or masked', { min: 0 }),
  samplerNormalize: flag(false, 'divide those weights by their mean over the minibatch'),
} as const;

export type CommonSettings = SettingsOf<typeof commonSchema>;

/** Settings of the parts that surround any policy loss; a method names the defaults it changes. */
export function commonSettings(defaults: Partial<CommonSettings> = {}): typeof commonSchema {
  return withDefaults(commonSchema, defaults);
}

/** Columns that the surrounding terms read. */
export function commonNeeds(settings: CommonSettings): ColumnName[] {
  return [
    ...(settings.klCoef > 0 ? (['refLogProb'] as const) : []),
    ...(settings.entropyCoef !== 0 ? (['entropy'] as const) : []),
    ...(settings.samplerCorrection !== 'none' ? (['oldLogProb', 'samplerLogProb'] as const) : []),
  ];
}

export function commonGradients(settings: CommonSettings): DifferentiableColumn[] {
  return settings.entropyCoef !== 0 ? ['logProb', 'entropy'] : ['logProb'];
}

/** `agg(w L) + klCoef agg(KL) - entropyCoef agg(H)`, L being the policy loss of each token. */
export function totalLoss(context: LossContext, policy: Value, settings: CommonSettings): Value {
  const { tape, totals } = context;
  const weighted = settings.samplerCorrection === 'none' ? policy : policy.mul(correction(context, settings));
  let loss = aggregate(tape, weighted, totals, settings);
  context.report('policyLoss', loss.scalar);
  if (settings.klCoef > 0) {
    const kl = klPenalty(context.logProb, context.column('refLogProb'), settings.klKind);
    context.reportMean('refKl', kl);
    loss = loss.add(aggregate(tape, kl, totals, settings).mul(settings.klCoef));
  }
  if (settings.entropyCoef !== 0) {
    const entropy = tape.input('entropy');
    context.reportMean('entropy', entropy);
    loss = loss.sub(aggregate(tape, entropy, totals, settings).mul(settings.entropyCoef));
  }
  return loss;
}

function correction(context: LossContext, settings: CommonSettings): Value {
  const weights = samplerWeights(context, settings);
  context.reportMean('samplerWeight', weights);
  return weights;
}
