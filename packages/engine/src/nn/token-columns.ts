import type { Dim, Graph, Value } from '../graph/graph.js';

/**
 * What a graph computes for each scored token beyond the log-prob of the token itself. `width` counts the given token
 * ids a row whose log-probs are wanted (0: none), `topK` the likeliest ones to report (0: none).
 */
export interface ColumnPlan {
  readonly entropy: boolean;
  readonly meanLogProb: boolean;
  readonly topLogProb: boolean;
  readonly logit: boolean;
  /** Of the value head, which does not read the logits. */
  readonly value: boolean;
  readonly topK: number;
  readonly width: number;
}

/** Statistics of the distributions at the scored tokens; see `tokenColumns`. */
export interface ColumnValues {
  /** [rows, vocab] */
  readonly logProbs: Value;
  /** [rows, vocab] */
  readonly probs: Value | undefined;
  /** [rows, 1] each. */
  readonly logProb: Value;
  readonly entropy: Value | undefined;
  readonly meanLogProb: Value | undefined;
  readonly topLogProb: Value | undefined;
  /** Under the temperature, like all of them. */
  readonly logit: Value | undefined;
  /** [rows, topK] */
  readonly topK: { readonly logProbs: Value; readonly ids: Value } | undefined;
  /** [rows, width] */
  readonly tokenIdsLogProb: Value | undefined;
}

/**
 * Columns of logits [rows, vocab]: log-prob and logit of `targets` [rows, 1], entropy -sum p log p, mean and maximum of
 * the log-probs, the top k, and the log-probs of given ids [rows, width].
 */
export function tokenColumns(graph: Graph, logits: Value, targets: Value, plan: ColumnPlan, ids?: Value): ColumnValues {
  const rows = logits.shape[0] as Dim;
  const logProbs = graph.op('LogSoftmax', [logits], logits.shape, { axis: -1 });
  const probs = plan.entropy ? graph.op('Exp', [logProbs], logits.shape) : undefined;
  const pick = (at: Value, width: number) => graph.op('GatherElements', [logProbs, at], [rows, width], { axis: 1 });
  const reduce = (type: string) => graph.op(type, [logProbs, graph.integers([-1])], [rows, 1], { keepdims: 1 });
  return {
    logProbs,
    probs,
    logProb: pick(targets, 1),
    entropy: probs && graph.op('Neg', [graph.sum(graph.mul(probs, logProbs), -1)], [rows, 1]),
    meanLogProb: plan.meanLogProb ? reduce('ReduceMean') : undefined,
    topLogProb: plan.topLogProb ? reduce('ReduceMax') : undefined,
    logit: plan.logit ? graph.op('GatherElements', [logits, targets], [rows, 1], { axis: 1 }) : undefined,
    topK: plan.topK > 0 ? likeliest(graph, logProbs, plan.topK) : undefined,
    tokenIdsLogProb: ids && plan.width > 0 ? pick(ids, plan.width) : undefined,
  };
}

function likeliest(graph: Graph, logProbs: Value, k: number) {
  const shape = [logProbs.shape[0] as Dim, k];
  const [values, ids] = graph.ops(
    'TopK',
    [logProbs, graph.integers([k])],
    [
      { shape, dtype: 'f32' },
      { shape, dtype: 'i64' },
    ],
    { axis: -1 },
  ) as [Value, Value];
  return { logProbs: values, ids };
}

/** dLoss/dColumn of each scored row: [rows, 1], and [rows, width] for the given ids. */
export interface ColumnWeights {
  readonly logProb: Value;
  readonly entropy: Value | undefined;
  readonly meanLogProb: Value | undefined;
  readonly tokenIds: { readonly ids: Value; readonly weights: Value } | undefined;
}

/**
 * dLoss/dlogits [rows, vocab] of a loss with the given column weights. With p the distribution and H its entropy:
 * d logProb(i) = onehot(i) - p, d H = -p (log p + H), d mean = 1/vocab - p.
 */
export function logitsGradient(graph: Graph, columns: ColumnValues, targets: Value, weights: ColumnWeights): Value {
  const { logProbs } = columns;
  const probs = columns.probs ?? graph.op('Exp', [logProbs], logProbs.shape);
  // What each row takes from every token in proportion to p: one number a row, plus the entropy's own term.
  let taken = weights.logProb;
  if (weights.meanLogProb) taken = graph.add(taken, weights.meanLogProb);
  if (weights.tokenIds) taken = graph.add(taken, graph.sum(weights.tokenIds.weights, -1));
  if (weights.entropy) {
    const surprise = graph.add(logProbs, columns.entropy as Value);
    taken = graph.add(graph.mul(surprise, weights.entropy), taken);
  }
  let base = graph.mul(probs, graph.op('Neg', [taken], taken.shape));
  if (weights.meanLogProb) {
    const vocabulary = graph.scalar(1 / Number(logProbs.shape[1]));
    base = graph.add(base, graph.mul(weights.meanLogProb, vocabulary));
  }
  const scatter = (onto: Value, ids: Value, values: Value) =>
    graph.op('ScatterElements', [onto, ids, values], logProbs.shape, { axis: 1, reduction: 'add' });
  const gradient = scatter(base, targets, weights.logProb);
  return weights.tokenIds ? scatter(gradient, weights.tokenIds.ids, weights.tokenIds.weights) : gradient;
}
