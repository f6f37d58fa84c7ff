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
  /** Rollout columns by name; every one has an entry a rollout. */
  readonly rolloutColumns?: Readonly<Partial<Record<RolloutColumnName, Float64Array>>>;
  /** [tokens] The tokens themselves, for methods that compare prefixes. */
  readonly tokenIds?: Int32Array;
  /** The likeliest tokens of each position with their log-probs. */
  readonly topK?: TopKColumns;
}

/** What an objective may ask the trainer for, beside the log-prob of the chosen token. */
export type ColumnName =
  | 'logProb'
  | 'oldLogProb'
  | 'samplerLogProb'
  | 'refLogProb'
  /** Log-prob of the chosen token under a teacher, such as the policy with more in its context. */
  | 'teacherLogProb'
  | 'entropy'
  | 'oldEntropy'
  | 'meanLogProb'
  /** `meanLogProb` at the start of the step. */
  | 'oldMeanLogProb'
  | 'topLogProb'
  | 'tokenRewards'
  /** What the value head makes of the tokens before this one, under the weights being trained. */
  | 'values'
  /** `values` at the start of the step. */
  | 'oldValues'
  /** What the value head is regressed on; derived by the objective itself (see `Objective.derive`). */
  | 'returns'
  /** 1 at tokens that another policy wrote: a demonstration, or a stored response of the initial policy. */
  | 'external'
  /** Number of the span within its response that the token lies in; spans are runs of equal numbers. */
  | 'segment'
  /** Log-prob of the chosen token under the min-p filtered old policy; -Infinity, or very low, where it was dropped. */
  | 'proxyLogProb'
  /** Logit of the chosen token at the start of the step, before the temperature divides it. */
  | 'oldLogit'
  /** Weight of each token that the objective computes over the whole step itself; see `Objective.derive`. */
  | 'tokenScale';

/** What an objective may ask for once a rollout. */
export type RolloutColumnName =
  /** Reward of the greedy response to the same prompt. */
  | 'greedyReward'
  /** 1 where the teacher saw more than the policy did: a solution, or feedback. */
  | 'teacherTarget';

/** [tokens x width], row-major: the `width` likeliest tokens of each position and their log-probs. */
export interface TopKColumns {
  readonly width: number;
  readonly ids: Int32Array;
  readonly logProb: Float64Array;
  /** Log-probs of the same tokens under a teacher. */
  readonly teacherLogProb?: Float64Array;
}

/** Columns that the engine can differentiate. `topK` has `TopKColumns.width` entries a token. */
export type DifferentiableColumn = 'logProb' | 'entropy' | 'meanLogProb' | 'topK' | 'values';

/** Value and gradients of a loss over one minibatch. Gradients have an entry a token, exactly 0 where `mask` is 0. */
export interface LossResult {
  readonly loss: number;
  readonly gradients: Readonly<Partial<Record<DifferentiableColumn, Float64Array>>>;
  /** Under names that are the same for every method: `clipFraction`, `approxKl`, `ratioMean`, `refKl`, ... */
  readonly metrics: Readonly<Record<string, number>>;
}

/** The counts a loss is divided by, taken over a whole minibatch. */
export interface BatchTotals {
  /** Tokens that carry loss. */
  readonly tokens: number;
  /** All rollouts, those without a token that carries loss included. */
  readonly rollouts: number;
  /** Rollouts with at least one token that carries loss. */
  readonly nonEmptyRollouts: number;
  /** Tokens that carry loss and that another policy wrote (column `external`), and rollouts with any such token. */
  readonly externalTokens: number;
  readonly externalRollouts: number;
  readonly groups: number;
  /** Rollouts with a scored reward and at least one token that carries loss. */
  readonly scored: number;
  /** Most tokens that carry loss in one rollout. */
  readonly longest: number;
  /** Groups of two scored rollouts with different rewards, for preference losses. */
  readonly pairs: number;
}

/**
 * A policy loss that Tinker servers compute themselves: the sum over tokens of f(r, A) with the advantage times `scale`
 * for A and r = exp(logProb - oldLogProb), as long as no log-ratio leaves +-20; see `terms/server-loss.ts` for f.
 */
export interface ServerLoss {
  readonly name: 'importance_sampling' | 'ppo' | 'cispo';
  /** Bounds of the ratio; `importance_sampling` has none. */
  readonly low: number;
  readonly high: number;
  /** [tokens] Not negative; 0 where `mask` is 0. `totals` as in `Objective.loss`. */
  readonly scale: (batch: RolloutBatch, totals?: BatchTotals) => Float64Array;
}

/** A method as the trainer sees it: advantages over the whole step, then a loss a minibatch. */
export interface Objective {
  readonly name: string;
  /** Columns read by `advantages` or `loss`; the trainer asks the engine for exactly these. */
  readonly needs: readonly ColumnName[];
  /** Rollout columns read by `advantages` or `loss`. */
  readonly needsOfRollout?: readonly RolloutColumnName[];
  /** Likeliest tokens a position that `derive`, `advantages` or `loss` reads from `RolloutBatch.topK`. Absent: none. */
  readonly topK?: number;
  /** Columns that `loss` returns gradients for. Those that need only `logProb` run on any Tinker server. */
  readonly differentiates: readonly DifferentiableColumn[];
  /** Present where the loss is exactly one of those that servers have: they need no log-probs of now from outside. */
  readonly serverLoss?: ServerLoss;
  /**
   * [tokens of one response] The column `segment` from the text of each token, where the strategy that sampled brings
   * none. Absent: every line is a span.
   */
  segment?(tokens: readonly string[]): Int32Array;
  /** [rollouts] 1 where the rollout stays in the step. Absent: all stay. Runs before `advantages`. */
  keep?(batch: RolloutBatch): Uint8Array;
  /** Columns computed once over the whole step and cut into minibatches with the others, such as value targets. */
  derive?(batch: RolloutBatch): Partial<Record<ColumnName, Float64Array>>;
  /** [tokens] Advantages of the whole step, before it is cut into minibatches. 0 where `mask` is 0. */
  advantages(batch: RolloutBatch): Float64Array;
  /**
   * `batch` is one minibatch, `advantages` its slice. Normalisers are taken over this minibatch, or are `totals` where
   * the batch is only a part of it: losses and gradients of the parts then add up to those of the whole.
   */
  loss(batch: RolloutBatch, advantages: Float64Array, totals?: BatchTotals): LossResult;
}
