/** [B][T][V] Logits of every position of a padded batch. */
export type Logits = readonly (readonly (readonly number[])[])[];

/** [V] Natural-log probabilities. */
export function logSoftmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
  return logits.map((logit) => logit - top - total);
}

/** [V] Gradient by logits from gradients by log-probs of some tokens: sum_k g_k ([v = k] - p_v). */
export function logitGradient(
  logits: readonly number[],
  ids: readonly number[],
  byLogProb: readonly number[],
): number[] {
  const total = byLogProb.reduce((sum, value) => sum + value, 0);
  const out = logSoftmax(logits).map((logProb) => -total * Math.exp(logProb));
  ids.forEach((id, k) => (out[id]! += byLogProb[k]!));
  return out;
}
