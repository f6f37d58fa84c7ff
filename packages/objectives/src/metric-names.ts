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
  /** The scalar term on tokens that another policy wrote. */
  | 'externalLoss'
  /** Mean importance ratio of tokens that another policy wrote. */
  | 'externalRatioMean'
  /** Sum of ratio times advantage, before any clipping. */
  | 'surrogateRaw'
  /** What clipping ratios from above (A > 0), and from below (A < 0), adds to that sum; at most 0. */
  | 'clipCorrectionHigh'
  | 'clipCorrectionLow'
  /** Share of tokens whose ratio is clipped from above with A > 0, and from below with A < 0. */
  | 'clipFractionHigh'
  | 'clipFractionLow'
  /** Mean weight that a method gives to tokens. */
  | 'tokenWeight'
  /** Share of tokens that a method selects for special treatment. */
  | 'selectedFraction'
  /** The scalar value-head loss. */
  | 'valueLoss'
  /** Share of tokens whose value is clipped. */
  | 'valueClipFraction'
  /** Share of pairs whose chosen side is preferred. */
  | 'pairAccuracy';
