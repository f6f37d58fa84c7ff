/**
 * Rollouts of one step as flat token columns: the tokens of rollout i are entries `offsets[i] .. offsets[i + 1]` of
 * every column. Groups are ragged; nothing is padded. Log-probs are natural logarithms under the sampling temperature.
 */
export interface RolloutBatch {
  /** [rollouts + 1] */
  readonly offsets: Int32Array;
  /** [rollouts] Number of the group (the prompt) of each rollout; members need not be neighbours. */
  readonly group: Int32Array;
  /** [rollouts] Scalar reward. NaN: could not be scored, stays out of every statistic. */
  readonly rewards: Float64Array;
  /** [tokens] 1 where the policy chose the token and it may carry loss; prompt and environment tokens are 0. */
  readonly mask: Uint8Array;
  /** Token columns by name; every one has an entry a token. `logProb` is under the weights being trained. */
  readonly columns: Readonly<Partial<Record<ColumnName, Float64Array>>>;
}

/** What an objective may ask the trainer for, beside the log-prob of the chosen token. */
export type ColumnName =
  | 'logProb'
  | 'oldLogProb'
  | 'samplerLogProb'
  | 'refLogProb'
  | 'entropy'
  | 'oldEntropy'
  | 'meanLogProb'
  | 'topLogProb'
  | 'tokenRewards'
  | 'values';

/** Columns that the engine can differentiate. */
export type DifferentiableColumn = 'logProb' | 'entropy' | 'meanLogProb' | 'topK';

/** Value and gradients of a loss over one minibatch. Gradients have an entry a token, exactly 0 where `mask` is 0. */
export interface LossResult {
  readonly loss: number;
  readonly gradients: Readonly<Partial<Record<DifferentiableColumn, Float64Array>>>;
  /** Under names that are the same for every method: `clipFraction`, `approxKl`, `ratioMean`, `refKl`, ... */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A method as the trainer sees it: advantages over the whole step, then a loss a minibatch. */
export interface Objective {
  readonly name: string;
  /** Columns read by `advantages` or `loss`; the trainer asks the engine for exactly these. */
  readonly needs: readonly ColumnName[];
  /** Columns that `loss` returns gradients for. Those that need only `logProb` run on any Tinker server. */
  readonly differentiates: readonly DifferentiableColumn[];
  /** [tokens] Advantages of the whole step, before it is cut into minibatches. 0 where `mask` is 0. */
  advantages(batch: RolloutBatch): Float64Array;
  /** `batch` is one minibatch, `advantages` its slice. Normalisers are taken over this minibatch. */
  loss(batch: RolloutBatch, advantages: Float64Array): LossResult;
}
