import { entropyOf } from './entropy.js';

/** One update of a distribution, pi_new proportional to pi exp(eta d). */
export interface ExponentialUpdate {
  readonly probabilities: number[];
  /** Entropy afterwards minus entropy before, nats. */
  readonly entropyChange: number;
  /** -eta Cov(log pi, d): the same to first order. */
  readonly firstOrder: number;
}

/** The exact effect of a step `delta` on the logits of one position, scaled by `eta`. */
export function exponentialUpdate(
  probabilities: readonly number[],
  delta: readonly number[],
  eta: number,
): ExponentialUpdate {
  const most = Math.max(...delta.filter((_, i) => probabilities[i]! > 0).map((d) => eta * d));
  const raised = probabilities.map((p, i) => (p > 0 ? p * Math.exp(eta * delta[i]! - most) : 0));
  const sum = raised.reduce((total, value) => total + value, 0);
  const updated = raised.map((value) => value / sum);
  const meanLog = -entropyOf(probabilities);
  const meanDelta = probabilities.reduce((total, p, i) => total + p * delta[i]!, 0);
  const covariance = probabilities.reduce(
    (total, p, i) => (p > 0 ? total + p * (Math.log(p) - meanLog) * (delta[i]! - meanDelta) : total),
    0,
  );
  return {
    probabilities: updated,
    entropyChange: entropyOf(updated) - entropyOf(probabilities),
    firstOrder: -eta * covariance,
  };
}

/** Enumerating every sign takes 2 ** actions updates. */
const MOST_ACTIONS = 20;

/**
 * Mean change of entropy under a signal that says nothing about the actions (arXiv 2512.16912, Thm 4.1; the explicit form
 * of Phi is derived here): steps are independent over actions with mean 0 and the given variances.
 *
 *     Phi = sum p (1 - p) v + sum p (log p + H)(1 - 2 p) v;   E[dH] = -eta^2 / 2 Phi + O(eta^4)
 *
 * `exact` enumerates steps of +-sqrt(v). Flat distributions lose entropy (Phi > 0), very peaked ones gain.
 * Throws for more than 20 actions.
 */
export function expectedEntropyChange(
  probabilities: readonly number[],
  eta: number,
  variances: readonly number[],
): { readonly exact: number; readonly phi: number; readonly secondOrder: number } {
  const actions = probabilities.length;
  if (actions > MOST_ACTIONS) {
    throw new Error(`expectedEntropyChange: at most ${MOST_ACTIONS} actions, got ${actions}; take the likeliest`);
  }
  const entropy = entropyOf(probabilities);
  let phi = 0;
  probabilities.forEach((p, i) => {
    const surprise = p > 0 ? p * (Math.log(p) + entropy) * (1 - 2 * p) : 0;
    phi += (p * (1 - p) + surprise) * variances[i]!;
  });
  let total = 0;
  const outcomes = 2 ** actions;
  for (let signs = 0; signs < outcomes; signs++) {
    const delta = variances.map((variance, i) => ((signs >> i) & 1 ? 1 : -1) * Math.sqrt(variance));
    total += exponentialUpdate(probabilities, delta, eta).entropyChange;
  }
  return { exact: total / outcomes, phi, secondOrder: (-(eta ** 2) / 2) * phi };
}
