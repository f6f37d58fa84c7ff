/** @file The few statistics that reward definitions themselves contain. */

/** Arithmetic mean; 0 for no values. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation with divisor n - `ddof`; 0 when that is not positive. */
export function standardDeviation(values: readonly number[], ddof: 0 | 1): number {
  if (values.length <= ddof) return 0;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - ddof));
}

/** (value - mean) / (deviation + eps), with the sample deviation; all 0 when the values do not differ. */
export function standardize(values: readonly number[], eps: number): number[] {
  const center = mean(values);
  const deviation = standardDeviation(values, 1);
  return values.map((value) => (deviation === 0 ? 0 : (value - center) / (deviation + eps)));
}

/** `numerator / denominator`, or null when the denominator is 0. */
export function ratioOrNull(numerator: number, denominator: number): number | null {
  return denominator === 0 ? null : numerator / denominator;
}

/** Clips to [low, high]. */
export function clip(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
