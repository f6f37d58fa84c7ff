import { part } from '../define.js';
import type { Value } from '../tape/value.js';

export const klEstimators = part({
  title: 'KL to the reference',
  source: 'joschu.net/blog/kl-approx.html',
  kinds: ['divergence'],
  summary: 'Estimators k1, k2, k3 and their straight-through forms; the settings klCoef and klKind.',
  vectors: 'baselines',
  needs: ['refLogProb'],
});

/**
 * Estimators of KL(pi || ref) from the chosen token, with d = log pi - log ref:
 * `k1` = d, `abs` = |d|, `k2` = d^2 / 2, `k3` = exp(-d) + d - 1 (http://joschu.net/blog/kl-approx.html).
 * Differentiated as a loss on on-policy samples only k2 has the expected gradient of the reverse KL, so `k1+` and `k3+`
 * have the value of k1 and k3 and the gradient of k2 (straight-through).
 * `k3` is bounded as in verl, `k3-unbounded` is not (TRL).
 */
export const klKinds = ['k1', 'abs', 'k2', 'k3', 'k3-unbounded', 'k1+', 'k3+'] as const;

export type KlKind = (typeof klKinds)[number];

/** verl's bounds: -d is cut at +-20 before the exponential and k3 itself at +-10, gradients included. */
const K3_EXPONENT_BOUND = 20;
const K3_BOUND = 10;

/** [token] The estimator at every token. */
export function klPenalty(logProb: Value, refLogProb: Value, kind: KlKind): Value {
  const d = logProb.sub(refLogProb);
  switch (kind) {
    case 'k1':
      return d;
    case 'abs':
      return d.abs();
    case 'k2':
      return d.square().mul(0.5);
    case 'k3':
      return k3(d.neg().clip(-K3_EXPONENT_BOUND, K3_EXPONENT_BOUND)).clip(-K3_BOUND, K3_BOUND);
    case 'k3-unbounded':
      return k3(d.neg());
    case 'k1+':
    case 'k3+':
      return straightThrough(klPenalty(logProb, refLogProb, kind === 'k1+' ? 'k1' : 'k3'), d.square().mul(0.5));
  }
}

/** `exp(x) - x - 1`: with x = log ref - log pi it is k3 without bounds. */
export function k3(x: Value): Value {
  return x.exp().sub(x).sub(1);
}

/** The value of one side with the gradient of the other. */
export function straightThrough(value: Value, gradient: Value): Value {
  return gradient.add(value.sub(gradient).detach());
}
