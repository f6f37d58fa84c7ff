import { spanClippedLoss, spanEntropyScale } from '../methods/sspo.js';
import { aggregate, type Aggregation } from '../terms/aggregate.js';
import { segmentSubsentences, spanAxis, spanRatioByToken } from '../terms/spans.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, evaluateFormula, flatten, rowsOf, type Matrix } from './padded.js';
import type { SurrogateInputs } from './surrogate.js';

interface SpanInputs extends SurrogateInputs {
  readonly entropy: Matrix;
  readonly segment_ids: Matrix;
}

interface SpanParams {
  readonly clip_low: number;
  readonly clip_high: number;
  readonly adaptive: boolean;
  readonly w_min: number;
  readonly w_max: number;
  readonly agg: Aggregation;
}

function lossCase(inputs: SpanInputs, params: SpanParams) {
  const { logp: logProb, old_logp: oldLogProb, entropy: oldEntropy, segment_ids: segment } = inputs;
  const batch = batchOf(inputs.mask, { logProb, oldLogProb, oldEntropy, segment });
  const scale = params.adaptive
    ? spanEntropyScale(batch, { minScale: params.w_min, maxScale: params.w_max })
    : Float64Array.from(batch.mask);
  let ratios: number[][] = [];
  const result = evaluateFormula(batch, flatten(inputs.advantages), (context) => {
    const { tape, totals } = context;
    const ratio = spanRatioByToken(context, spanAxis(tape));
    ratios = rowsOf(batch, tape.scatter(ratio.data));
    const range = { clipLow: params.clip_low, clipHigh: params.clip_high };
    const loss = spanClippedLoss(context, ratio, tape.tokenConstant(scale), range);
    return aggregate(tape, loss, totals, { aggregation: params.agg, lengthNorm: null });
  });
  return {
    loss: result.loss,
    ratio: ratios,
    clip_scale: rowsOf(batch, scale),
    grad_logp: result.gradient('logProb'),
    clip_frac: result.metrics['clipFraction'],
  };
}

export const sspo: SlugAdapters = {
  segment_subsentences: (
    { tokens }: { tokens: readonly (readonly string[])[] },
    { delimiters, min_len }: { delimiters: readonly string[]; min_len: number },
  ) => ({
    segment_ids: tokens.map((row) => segmentSubsentences(row, { delimiters, minLength: min_len })),
  }),
  sspo_loss: lossCase,
};
