/** What clipping takes from the surrogate (arXiv 2512.16912, Thm 3.2): clipped sum = raw + high + low. */
export interface ClipCorrection {
  /** Sum over tokens of ratio times advantage. */
  readonly raw: number;
  /** Sum of (bound - ratio) A where A > 0 and the ratio is above its bound; at most 0. */
  readonly high: number;
  /** The same where A < 0 and the ratio is below its bound. */
  readonly low: number;
  /** Shares of tokens with either. */
  readonly highShare: number;
  readonly lowShare: number;
}

/** Over tokens that carry loss. Bounds are 1 - clipLow and 1 + clipHigh. */
export function clipCorrection(
  ratio: Float64Array,
  advantages: Float64Array,
  { clipLow, clipHigh }: { readonly clipLow: number; readonly clipHigh: number },
): ClipCorrection {
  let [raw, high, low, above, below] = [0, 0, 0, 0, 0];
  for (let i = 0; i < ratio.length; i++) {
    const [r, advantage] = [ratio[i]!, advantages[i]!];
    raw += r * advantage;
    if (advantage > 0 && r > 1 + clipHigh) {
      high += (1 + clipHigh - r) * advantage;
      above += 1;
    } else if (advantage < 0 && r < 1 - clipLow) {
      low += (1 - clipLow - r) * advantage;
      below += 1;
    }
  }
  const tokens = Math.max(ratio.length, 1);
  return { raw, high, low, highShare: above / tokens, lowShare: below / tokens };
}
