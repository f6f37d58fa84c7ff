/** Moments of group-standardised advantages when rewards are coin flips. */
export interface RandomAdvantageMoments {
  /** Chance that all rewards of a group are equal, so that it gives no advantage. */
  readonly degenerate: number;
  readonly mean: number;
  readonly second: number;
  readonly third: number;
  readonly meanAbsolute: number;
  readonly largest: number;
  /** What |A| cannot exceed: the advantage of the only member that differs. */
  readonly bound: number;
}

/**
 * Exact, over all outcomes of G independent Bernoulli(p) rewards (arXiv 2512.16912, Lemma 2.4). `ddof`: what the standard
 * deviation subtracts from G. Groups of equal rewards have A = 0.
 */
export function randomAdvantageMoments(G: number, p = 0.5, ddof = 1): RandomAdvantageMoments {
  const sums = { mean: 0, second: 0, third: 0, meanAbsolute: 0 };
  let [degenerate, largest] = [0, 0];
  for (let ones = 0; ones <= G; ones++) {
    const chance = binomial(G, ones) * p ** ones * (1 - p) ** (G - ones);
    if (ones === 0 || ones === G) {
      degenerate += chance;
      continue;
    }
    const rate = ones / G;
    const std = Math.sqrt((G * rate * (1 - rate)) / (G - ddof));
    for (const [advantage, share] of [
      [(1 - rate) / std, rate],
      [-rate / std, 1 - rate],
    ] as const) {
      sums.mean += chance * share * advantage;
      sums.second += chance * share * advantage ** 2;
      sums.third += chance * share * advantage ** 3;
      sums.meanAbsolute += chance * share * Math.abs(advantage);
      largest = Math.max(largest, Math.abs(advantage));
    }
  }
  const bound = Math.sqrt(((G - 1) * (G - ddof)) / G);
  return { degenerate, ...sums, largest, bound };
}

/** One group under wrong rewards. */
export interface Mislabelling {
  readonly correct: number;
  readonly groupSize: number;
  /** Wrong answers that were rewarded, and right ones that were not. */
  readonly falsePositives: number;
  readonly falseNegatives: number;
}

/**
 * Advantage that the right answers of a group lose through wrong rewards, with mean-centred advantages (Def. 5.1):
 * (falseNegatives wrong + falsePositives correct) / G.
 */
export function mislabelDelta({ correct, groupSize, falsePositives, falseNegatives }: Mislabelling): number {
  return (falseNegatives * (groupSize - correct) + falsePositives * correct) / groupSize;
}

export interface MeanAndVariance {
  readonly mean: number;
  readonly variance: number;
}

/** Of that loss under Bernoulli(p) rewards, over all outcomes, and in closed form (Prop. 5.2). */
export function mislabelMoments(
  correct: number,
  groupSize: number,
  p = 0.5,
): { readonly exact: MeanAndVariance; readonly closed: MeanAndVariance } {
  const wrong = groupSize - correct;
  let [mean, square] = [0, 0];
  for (let falsePositives = 0; falsePositives <= wrong; falsePositives++) {
    for (let falseNegatives = 0; falseNegatives <= correct; falseNegatives++) {
      const chance =
        binomial(wrong, falsePositives) *
        binomial(correct, falseNegatives) *
        p ** (falsePositives + correct - falseNegatives) *
        (1 - p) ** (wrong - falsePositives + falseNegatives);
      const delta = mislabelDelta({ correct, groupSize, falsePositives, falseNegatives });
      mean += chance * delta;
      square += chance * delta ** 2;
    }
  }
  const closedMean = (correct * wrong) / groupSize;
  return {
    exact: { mean, variance: square - mean ** 2 },
    closed: { mean: closedMean, variance: p * (1 - p) * closedMean },
  };
}

function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value *= (n - k + i) / i;
  return value;
}
