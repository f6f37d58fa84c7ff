/** y(x) = floor + (asymptote - floor) / (1 + (midpoint / x)^slope): quality by labels, rollouts or steps x > 0. */
export interface SigmoidCurve {
  readonly floor: number;
  readonly asymptote: number;
  /** x where half of the rise is done. */
  readonly midpoint: number;
  readonly slope: number;
}

export function sigmoidScaling(x: number, { floor, asymptote, midpoint, slope }: SigmoidCurve): number {
  return floor + (asymptote - floor) / (1 + (midpoint / x) ** slope);
}

export interface SigmoidFit extends SigmoidCurve {
  /** Root of the mean squared residual over the points. */
  readonly error: number;
}

/** Search box: how far the midpoint may lie outside the points (a factor), and the slopes that are tried. */
const MIDPOINT_REACH = 100;
const SLOPES = [0.1, 10] as const;
const GRID = 32;
const STARTS = 4;
const LEAST_STEP = 1e-5;

/**
 * The curve of least squares through (x, y), with 0 <= floor <= asymptote <= 1 and slope > 0 (arXiv 2512.20061). For
 * given midpoint and slope floor and asymptote are linear, so only those two are searched, by their logarithms: a grid,
 * then steps downhill from its best points. Throws for fewer than three different x.
 */
export function fitSigmoidScaling(x: readonly number[], y: readonly number[]): SigmoidFit {
  if (x.length !== y.length || new Set(x).size < 3 || !x.every((value) => value > 0 && Number.isFinite(value))) {
    throw new Error(
      `fitSigmoidScaling: needs at least three different positive x with a y each, got ${x.length} x and ${y.length} y`,
    );
  }
  const margin = Math.log(MIDPOINT_REACH);
  const midpoints = evenly(Math.log(Math.min(...x)) - margin, Math.log(Math.max(...x)) + margin);
  const slopes = evenly(Math.log(SLOPES[0]), Math.log(SLOPES[1]));
  const fitAt = (logMidpoint: number, logSlope: number) =>
    withLinearPart(x, y, Math.exp(logMidpoint), Math.min(Math.max(Math.exp(logSlope), SLOPES[0]), SLOPES[1]));
  const grid = midpoints.flatMap((midpoint) => slopes.map((slope) => fitAt(midpoint, slope)));
  const starts = grid.sort((a, b) => a.error - b.error).slice(0, STARTS);
  const found = starts.map((start) => downhill(start, fitAt));
  return found.reduce((best, fit) => (fit.error < best.error ? fit : best));
}

function evenly(from: number, to: number): number[] {
  return Array.from({ length: GRID }, (_, i) => from + ((to - from) * i) / (GRID - 1));
}

/** The fit that no step of a pattern around it makes better; the pattern grows after a success and shrinks otherwise. */
function downhill(start: SigmoidFit, fitAt: (logMidpoint: number, logSlope: number) => SigmoidFit): SigmoidFit {
  let best = start;
  for (let step = 0.25; step > LEAST_STEP;) {
    const [midpoint, slope] = [Math.log(best.midpoint), Math.log(best.slope)];
    const around = PATTERN.map(([i, j]) => fitAt(midpoint + i * step, slope + j * step));
    const next = around.reduce((a, b) => (b.error < a.error ? b : a));
    step *= next.error < best.error ? 2 : 0.5;
    if (next.error < best.error) best = next;
  }
  return best;
}

const PATTERN = [-1, 0, 1].flatMap((i) => [-1, 0, 1].map((j) => [i, j] as const));

/** Floor and asymptote of least squares for a midpoint and a slope, inside their bounds. */
function withLinearPart(x: readonly number[], y: readonly number[], midpoint: number, slope: number): SigmoidFit {
  const rise = x.map((value) => 1 / (1 + (midpoint / value) ** slope));
  const errorOf = (floor: number, asymptote: number) => {
    const squares = rise.reduce((sum, r, i) => sum + (floor + (asymptote - floor) * r - y[i]!) ** 2, 0);
    return { floor, asymptote, midpoint, slope, error: Math.sqrt(squares / x.length) };
  };
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanRise, meanY] = [mean(rise), mean(y)];
  const variance = rise.reduce((sum, r) => sum + (r - meanRise) ** 2, 0);
  const covariance = rise.reduce((sum, r, i) => sum + (r - meanRise) * (y[i]! - meanY), 0);
  const gain = variance > 0 ? covariance / variance : 0;
  const free = { floor: meanY - gain * meanRise, asymptote: meanY + gain * (1 - meanRise) };
  const inside = free.floor >= 0 && free.asymptote <= 1 && free.floor <= free.asymptote;
  if (inside) return errorOf(free.floor, free.asymptote);
  // A convex problem whose optimum lies outside has it on an edge: floor 0, asymptote 1, or both equal.
  const clamp = (value: number) => Math.min(Math.max(value, 0), 1);
  const sumOf = (of: (r: number, value: number) => number) => rise.reduce((sum, r, i) => sum + of(r, y[i]!), 0);
  const onFloor =
    sumOf((r, value) => r * value) /
    Math.max(
      sumOf((r) => r * r),
      Number.MIN_VALUE,
    );
  const onTop =
    sumOf((r, value) => (1 - r) * (value - r)) /
    Math.max(
      sumOf((r) => (1 - r) ** 2),
      Number.MIN_VALUE,
    );
  const edges = [errorOf(0, clamp(onFloor)), errorOf(clamp(onTop), 1), errorOf(clamp(meanY), clamp(meanY))];
  return edges.reduce((best, edge) => (edge.error < best.error ? edge : best));
}
