/** How far two advantages of the same batch are apart. */
export interface AdvantageAudit {
  readonly meanDifference: number;
  readonly largestDifference: number;
  /** NaN where one side is all zero. */
  readonly cosine: number;
}

/**
 * Compares advantages with those of a correction (arXiv 2510.00915, App. B.10). All-zero differences say that the
 * correction is inert, as group standardisation makes every affine correction of binary rewards.
 */
export function auditAdvantages(plain: ArrayLike<number>, corrected: ArrayLike<number>): AdvantageAudit {
  let [sum, largest, product, plainSquares, correctedSquares] = [0, 0, 0, 0, 0];
  for (let i = 0; i < plain.length; i++) {
    const [a, b] = [plain[i]!, corrected[i]!];
    sum += Math.abs(a - b);
    largest = Math.max(largest, Math.abs(a - b));
    product += a * b;
    plainSquares += a * a;
    correctedSquares += b * b;
  }
  return {
    meanDifference: plain.length > 0 ? sum / plain.length : 0,
    largestDifference: largest,
    cosine: product / Math.sqrt(plainSquares * correctedSquares),
  };
}
