/** Token columns of `engine.ts` in float64, from the definition, for one row of logits. */
export interface ReferenceColumns {
  readonly logProb: number;
  readonly entropy: number;
  readonly meanLogProb: number;
  readonly topLogProb: number;
  readonly logit: number;
  /** Log-probs of the whole vocabulary. */
  readonly logProbs: Float64Array;
}

/** log softmax(logits / temperature). `temperature` above 0. */
export function logSoftmax(logits: Float64Array, temperature = 1): Float64Array {
  const top = Math.max(...logits);
  const scaled = logits.map((logit) => (logit - top) / temperature);
  const logTotal = Math.log(scaled.reduce((sum, value) => sum + Math.exp(value), 0));
  return scaled.map((value) => value - logTotal);
}

/** Columns of `token` under `logits`, the row of the position before it. */
export function referenceColumns(logits: Float64Array, token: number, temperature = 1): ReferenceColumns {
  const logProbs = logSoftmax(logits, temperature);
  const logProb = logProbs[token];
  if (logProb === undefined) {
    throw new Error(`referenceColumns: token must be in [0, ${logits.length}), got ${token}`);
  }
  return {
    logProb,
    entropy: -logProbs.reduce((sum, value) => sum + Math.exp(value) * value, 0),
    meanLogProb: logProbs.reduce((sum, value) => sum + value, 0) / logProbs.length,
    topLogProb: Math.max(...logProbs),
    logit: logits[token] as number,
    logProbs,
  };
}

/** The k likeliest tokens, likeliest first; ties go to the lower id. */
export function referenceTopK(logProbs: Float64Array, k: number): { readonly id: number; readonly logProb: number }[] {
  return Array.from(logProbs, (logProb, id) => ({ id, logProb }))
    .sort((a, b) => b.logProb - a.logProb || a.id - b.id)
    .slice(0, k);
}
