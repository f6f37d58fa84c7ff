/**
 * SSPO, subsentence-level policy optimisation (arXiv 2511.04256; no official code, only its abstracts were read).
 *
 *     s_k = exp(mean over the tokens of span k of (log pi - log pi_old))      shared by the tokens of the span
 *     w_k = clip(h_k / (h + 1e-8), w_min, w_max)                   h_k, h: mean old entropy of the span, of the step
 *     L_t = max(-A s_k, -A clip(s_k, 1 - e_lo w_k, 1 + e_hi w_k)), s_k with the gradient of the token alone
 *     loss = mean over rollouts of mean over tokens of L_t
 *
 * A span is clipped as a whole. One token a span is GRPO, one span a response is GSPO-token, both without dual clip. Spans
 * are runs of equal numbers in the column `segment`, cut at punctuation (`segmentSubsentences`) unless the strategy or the
 * setting `segmenter` says otherwise. The paper's
 * segmentation, geometric mean and entropy map are inferred from what the abstracts state: h over the whole step, so
 * that bounds move neither with the minibatch nor inside the step. e must fit the typical span: 0.2 for single
 * tokens, 4e-4 for whole responses, 0.02 to 0.03 (the default) between.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective, type LossContext } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { choice, flag, number, withDefaults } from '../settings.js';
import { Tape } from '../tape/tape.js';
import type { Value } from '../tape/value.js';
import { clipRangeSettings, pessimisticLoss, type ClipRange } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { segmenterNames, segmenters, spanAxis, spanRatioByToken } from '../terms/spans.js';

export const sspo = objective({
  title: 'SSPO',
  source: 'arXiv 2511.04256',
  kinds: ['policy loss'],
  summary: 'One ratio and one clip a subsentence, with wider bounds where the entropy is high.',
  vectors: 'sspo',
  settings: {
    ...groupAdvantageSettings,
    ...withDefaults(clipRangeSettings, { clipLow: 0.02, clipHigh: 0.03 }),
    segmenter: choice('subsentences', segmenterNames, 'how responses are cut where their strategy has not done so'),
    minSpan: number(1, 'subsentences of fewer tokens join the next one; 4 for natural text', { min: 1 }),
    adaptive: flag(true, 'scale the clip bounds of a span by its entropy'),
    minScale: number(0.5, 'w_min', { min: 0 }),
    maxScale: number(2, 'w_max', { min: 0 }),
    ...commonSettings({ aggregation: 'seq-mean-token-mean' }),
  },
  variants: [{ adaptive: false }, { clipLow: 0.2, clipHigh: 0.2 }],
  stopsGradient: 'the ratio of the span, apart from the token itself',
  needs: (settings) => [
    'oldLogProb',
    'segment',
    ...(settings.adaptive ? (['oldEntropy'] as const) : []),
    ...commonNeeds(settings),
  ],
  segment: (tokens, { segmenter, minSpan }) => segmenters[segmenter](tokens, minSpan),
  derived: ['tokenScale'],
  differentiates: commonGradients,
  derive: (batch, settings) => (settings.adaptive ? { tokenScale: spanEntropyScale(batch, settings) } : {}),
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => {
    const { tape } = context;
    const scale = settings.adaptive ? context.column('tokenScale') : tape.fill(1);
    const ratio = spanRatioByToken(context, spanAxis(tape));
    return totalLoss(context, spanClippedLoss(context, ratio, scale, settings), settings);
  },
});

/** [token] The pessimistic loss within bounds that a scale widens or narrows by token. */
export function spanClippedLoss(context: LossContext, ratio: Value, scale: Value, range: ClipRange): Value {
  const bounded = ratio.max(scale.affine(-range.clipLow, 1)).min(scale.affine(range.clipHigh, 1));
  return pessimisticLoss(context, ratio, bounded);
}

const ENTROPY_EPSILON = 1e-8;

/** [tokens] w of the span of each token; 0 under the mask. */
export function spanEntropyScale(
  batch: RolloutBatch,
  { minScale, maxScale }: { readonly minScale: number; readonly maxScale: number },
): Float64Array {
  const tape = new Tape(batch);
  const entropy = tape.column('oldEntropy');
  const reference = entropy.mean(tape.batch).scalar + ENTROPY_EPSILON;
  const scale = entropy.mean(spanAxis(tape)).div(reference).clip(minScale, maxScale);
  return tape.scatter(scale.to(tape.token).data);
}
