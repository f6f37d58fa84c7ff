/**
 * What losses report, under the same name in every method. Means are over the tokens that carry loss, unless said
 * otherwise.
 */
export type MetricName =
  /** The scalar policy (or main) term, before divergence and entropy terms. */
  | 'policyLoss'
  /** Share of tokens whose clipped branch is the larger one. */
  | 'clipFraction'
  /** Share of tokens with A < 0 held by the dual clip. */
  | 'clipFractionLower'
  /** mean(log pi_old - log pi) */
  | 'approxKl'
  /** mean(pi / pi_old) */
  | 'ratioMean'
  /** Mean KL estimator to the reference, of the kind that the loss uses. */
  | 'refKl'
  /** Mean entropy of the policy. */
  | 'entropy'
  /** Mean sampler correction weight. */
  | 'samplerWeight'
  /** Share of tokens that a method selects for special treatment. */
  | 'selectedFraction'
  /** The scalar value-head loss. */
  | 'valueLoss'
  /** Share of tokens whose value is clipped. */
  | 'valueClipFraction'
  /** Share of pairs whose chosen side is preferred. */
  | 'pairAccuracy';
