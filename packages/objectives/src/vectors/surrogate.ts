import type { LossContext } from '../define.js';
import { aggregate, type Aggregation } from '../terms/aggregate.js';
import type { Value } from '../tape/value.js';
import { batchOf, evaluateFormula, flatten, type Matrix } from './padded.js';

/** Inputs of a case about a per-token policy loss. */
export interface SurrogateInputs {
  readonly logp: Matrix;
  readonly old_logp: Matrix;
  readonly advantages: Matrix;
  readonly mask: Matrix;
}

export interface AggregationParams {
  readonly agg: Aggregation;
  /** T of the constant aggregations. */
  readonly seq_norm?: number;
}

/** Value, gradient by log-prob and metrics of a per-token loss, under the names that cases use. */
export function surrogateCase(
  inputs: SurrogateInputs,
  { agg, seq_norm }: AggregationParams,
  loss: (context: LossContext) => Value,
) {
  const batch = batchOf(inputs.mask, { logProb: inputs.logp, oldLogProb: inputs.old_logp });
  const result = evaluateFormula(batch, flatten(inputs.advantages), (context) =>
    aggregate(context.tape, loss(context), context.totals, { aggregation: agg, lengthNorm: seq_norm ?? null }),
  );
  return {
    loss: result.loss,
    grad_logp: result.gradient('logProb'),
    clip_frac: result.metrics['clipFraction'],
    clip_frac_lower: result.metrics['clipFractionLower'],
    ppo_kl: result.metrics['approxKl'],
    selected_frac: result.metrics['selectedFraction'],
  };
}
