/**
 * SFT loss: cross-entropy of demonstrations, sum of -log pi / tokens. Rewards and groups play no part; every token that
 * carries loss is a target. Normalisation: every token weighs the same (`aggregation` changes it).
 */
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { aggregate, aggregationSettings } from '../terms/aggregate.js';

export const sft = objective({
  title: 'SFT',
  source: 'cross-entropy',
  kinds: ['imitation loss'],
  summary: 'Negative log-likelihood of the given tokens.',
  vectors: null,
  settings: aggregationSettings,
  needs: () => [],
  differentiates: () => ['logProb'],
  advantages: (batch) => broadcast(batch, new Float64Array(batch.group.length).fill(1)),
  loss: (context, settings) => aggregate(context.tape, context.logProb.neg(), context.totals, settings),
  exempt: {
    'zero-signal': 'rewards play no part: every demonstration is a target',
    'zero-gradient': 'the loss is cross-entropy, without advantages',
    unscored: 'rewards play no part: a demonstration needs none',
  },
});
