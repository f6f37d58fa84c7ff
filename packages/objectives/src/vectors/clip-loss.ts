import type { LossContext } from '../define.js';
import type { Aggregation } from '../terms/aggregate.js';
import type { Value } from '../tape/value.js';
import type { Matrix } from './padded.js';
import { surrogateCase } from './surrogate.js';

/** Inputs of a case about a token loss, under the names that most cards use. */
export interface LogProbInputs {
  readonly advantages: Matrix;
  readonly logprobs: Matrix;
  readonly old_logprobs: Matrix;
  readonly mask: Matrix;
}

/** Loss and gradient by log-prob of a token loss; `length` is T of the constant aggregations. */
export function logProbCase(
  { advantages, logprobs, old_logprobs, mask }: LogProbInputs,
  agg: Aggregation,
  loss: (context: LossContext) => Value,
  length = mask[0]?.length ?? 1,
) {
  const inputs = { logp: logprobs, old_logp: old_logprobs, advantages, mask };
  const result = surrogateCase(inputs, { agg, seq_norm: length }, loss);
  return { loss: result.loss, grad_logprobs: result.grad_logp };
}
