import { largest } from '../terms/select.js';

export interface FlowNormalisation {
  /** Maps to [-1, 1] instead of [0, 1]. */
  readonly bilateral?: boolean;
  /** Exponent of the normalised score. */
  readonly gamma?: number;
  /**
   * What counts as the smallest score: that of the tokens under the mask, or, as in the official code, the second
   * smallest number of the row with masked entries put to 0, which is the same wherever the row is padded.
   */
  readonly minimum?: 'masked' | 'second-distinct';
}

/**
 * [tokens] Velocity deviations of one response scaled by its smallest and largest (RLFR, arXiv 2510.10201;
 * normalize_flow_score). 0 under the mask, and everywhere for equal scores, which the official code divides by zero.
 */
export function normalizeFlowScores(
  scores: Float64Array,
  mask: ArrayLike<number>,
  { bilateral = false, gamma = 1, minimum = 'masked' }: FlowNormalisation = {},
): Float64Array {
  const [low, high] = minimum === 'masked' ? maskedRange(scores, mask) : secondDistinctRange(scores, mask);
  const width = high - low;
  const out = new Float64Array(scores.length);
  if (!(width > 0)) return out;
  for (let i = 0; i < out.length; i++) {
    if (mask[i] === 0) continue;
    const share = (scores[i]! - low) / width;
    out[i] = (bilateral ? 2 * share - 1 : share) ** gamma;
  }
  return out;
}

function maskedRange(scores: Float64Array, mask: ArrayLike<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < scores.length; i++) {
    if (mask[i] === 0) continue;
    low = Math.min(low, scores[i]!);
    high = Math.max(high, scores[i]!);
  }
  return [low, high];
}

function secondDistinctRange(scores: Float64Array, mask: ArrayLike<number>): [number, number] {
  let [low, second, high] = [Infinity, Infinity, -Infinity];
  for (let i = 0; i < scores.length; i++) {
    const score = mask[i] === 0 ? 0 : scores[i]!;
    high = Math.max(high, score);
    if (score < low) [low, second] = [score, low];
    else if (score > low && score < second) second = score;
  }
  return [second, high];
}

export interface FlowFilter {
  /** Scores must be above it; 0 or less: all stay. */
  readonly threshold: number;
  /** Rows with at least as many scores left keep only their largest ones; 0 or less: no bound. */
  readonly topK: number;
  /** Thresholds both tails and keeps half of `topK` in each. */
  readonly bilateral?: boolean;
}

/** [tokens] Normalised scores of one response without the small ones (postprocess_flow_score). */
export function filterFlowScores(
  scores: Float64Array,
  { threshold, topK, bilateral = false }: FlowFilter,
): Float64Array {
  const passes = (score: number) => threshold <= 0 || score > threshold || (bilateral && score < -threshold);
  const out = scores.map((score) => (passes(score) ? score : 0));
  const left = out.reduce((count, score) => count + (score !== 0 ? 1 : 0), 0);
  if (topK <= 0 || left < topK) return out;
  const side = bilateral ? Math.floor(topK / 2) : topK;
  const high = largest(out, side);
  const low = bilateral
    ? largest(
        out.map((score) => -score),
        side,
      )
    : undefined;
  return out.map((score, i) => (high[i] === 1 || low?.[i] === 1 ? score : 0));
}
