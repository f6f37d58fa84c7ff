import type { Raster } from './job.js';
import { onWhite } from './raster.js';

/** How like two drawings are, each in [0, 1] and 1 for the same drawing. */
export interface Similarity {
  /** Share of the reference's variance of colour that the drawing explains, pixel by pixel; 0 for a flat drawing. */
  readonly pixel: number;
  /** Mean structural similarity (SSIM of lightness, windows of 8 x 8) where either drawing is not flat. */
  readonly structure: number;
  /** Intersection over union of the pixels that are not background. */
  readonly shape: number;
  /** F-score of edge pixels, each of which may be one pixel off. */
  readonly edges: number;
  /** Intersection of the colour histograms (4 x 4 x 4 bins) of the pixels that are not background. */
  readonly colour: number;
}

/** A drawing on white: three channels in 0..255, lightness, and which pixels are not background. */
interface Canvas {
  readonly size: number;
  readonly rgb: Uint8Array;
  readonly lightness: Float64Array;
  readonly ink: Uint8Array;
}

/** A pixel this far from the background, in the largest channel, is drawn on. */
const INK_DISTANCE = 24;

/** Gradients of lightness (Sobel, of at most 1020) that make an edge. */
const EDGE_GRADIENT = 128;

const WINDOW = 8;

/**
 * Compares two drawings of the same size. The measures are made so that an empty drawing earns nothing from a reference
 * that is mostly background, which plain pixel differences pay for.
 */
export function similarity(reference: Raster, drawing: Raster): Similarity {
  if (reference.size !== drawing.size) {
    throw new RangeError(
      `similarity: both drawings must have one size, got ${reference.size} and ${drawing.size}; draw them alike`,
    );
  }
  const [a, b] = [canvasOf(reference), canvasOf(drawing)];
  return {
    pixel: pixelSimilarity(a.rgb, b.rgb),
    structure: structuralSimilarity(a, b),
    shape: overlap(a.ink, b.ink),
    edges: edgeSimilarity(a, b),
    colour: colourSimilarity(a, b),
  };
}

function canvasOf(raster: Raster): Canvas {
  const { size } = raster;
  const rgb = onWhite(raster);
  const lightness = new Float64Array(size * size);
  for (const at of lightness.keys())
    lightness[at] = 0.299 * rgb[3 * at]! + 0.587 * rgb[3 * at + 1]! + 0.114 * rgb[3 * at + 2]!;
  return { size, rgb, lightness, ink: inkOf(rgb, borderColour(rgb, size)) };
}

/** The most frequent colour along the border: what the drawing stands on. */
function borderColour(rgb: Uint8Array, size: number): readonly [number, number, number] {
  const counts = new Map<number, number>();
  const see = (x: number, y: number): void => {
    const at = 3 * (y * size + x);
    const colour = (rgb[at]! << 16) | (rgb[at + 1]! << 8) | rgb[at + 2]!;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  };
  for (let step = 0; step < size; step += 1) {
    see(step, 0);
    see(step, size - 1);
    see(0, step);
    see(size - 1, step);
  }
  let [best, most] = [0xffffff, 0];
  for (const [colour, count] of counts) if (count > most) [best, most] = [colour, count];
  return [best >> 16, (best >> 8) & 255, best & 255];
}

function inkOf(rgb: Uint8Array, [red, green, blue]: readonly [number, number, number]): Uint8Array {
  return Uint8Array.from({ length: rgb.length / 3 }, (_, at) => {
    const distance = Math.max(
      Math.abs(rgb[3 * at]! - red),
      Math.abs(rgb[3 * at + 1]! - green),
      Math.abs(rgb[3 * at + 2]! - blue),
    );
    return distance > INK_DISTANCE ? 1 : 0;
  });
}

function pixelSimilarity(a: Uint8Array, b: Uint8Array): number {
  const means = [0, 0, 0];
  for (const [index, value] of a.entries()) means[index % 3]! += (3 * value) / a.length;
  let [error, variance] = [0, 0];
  for (const [index, value] of a.entries()) {
    error += (value - b[index]!) ** 2;
    variance += (value - means[index % 3]!) ** 2;
  }
  // A flat reference has no variance to explain: what remains is how far off the colour is.
  if (variance < a.length) return 1 - Math.sqrt(error / a.length) / 255;
  return Math.max(0, 1 - error / variance);
}

function structuralSimilarity(a: Canvas, b: Canvas): number {
  let [total, windows] = [0, 0];
  for (let top = 0; top + WINDOW <= a.size; top += WINDOW) {
    for (let left = 0; left + WINDOW <= a.size; left += WINDOW) {
      const value = windowSimilarity(a, b, left, top);
      if (value === null) continue;
      total += value;
      windows += 1;
    }
  }
  return windows === 0 ? 1 : Math.max(0, total / windows);
}

/** SSIM of one window (Wang et al. 2004, constants 0.01 and 0.03 of 255), or null where both drawings are flat. */
function windowSimilarity(a: Canvas, b: Canvas, left: number, top: number): number | null {
  let [sumA, sumB, squareA, squareB, product] = [0, 0, 0, 0, 0];
  for (let y = top; y < top + WINDOW; y += 1) {
    for (let x = left; x < left + WINDOW; x += 1) {
      const [p, q] = [a.lightness[y * a.size + x]!, b.lightness[y * a.size + x]!];
      sumA += p;
      sumB += q;
      squareA += p * p;
      squareB += q * q;
      product += p * q;
    }
  }
  const count = WINDOW * WINDOW;
  const [meanA, meanB] = [sumA / count, sumB / count];
  const [varianceA, varianceB] = [squareA / count - meanA ** 2, squareB / count - meanB ** 2];
  if (varianceA < 1 && varianceB < 1) return null;
  const covariance = product / count - meanA * meanB;
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  const luminance = (2 * meanA * meanB + c1) / (meanA ** 2 + meanB ** 2 + c1);
  return luminance * ((2 * covariance + c2) / (varianceA + varianceB + c2));
}

/** Intersection over union of two masks; 1 when both are empty. */
export function overlap(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  for (const [index, value] of a.entries()) {
    both += value & b[index]!;
    either += value | b[index]!;
  }
  return either === 0 ? 1 : both / either;
}

function edgeSimilarity(a: Canvas, b: Canvas): number {
  const [edgesA, edgesB] = [edgeMask(a), edgeMask(b)];
  const [countA, countB] = [sum(edgesA), sum(edgesB)];
  if (countA === 0 && countB === 0) return 1;
  if (countA === 0 || countB === 0) return 0;
  const recall = sum(edgesA, widened(edgesB, a.size)) / countA;
  const precision = sum(edgesB, widened(edgesA, a.size)) / countB;
  return recall + precision === 0 ? 0 : (2 * recall * precision) / (recall + precision);
}

function edgeMask({ lightness, size }: Canvas): Uint8Array {
  const mask = new Uint8Array(size * size);
  const at = (x: number, y: number): number => lightness[y * size + x]!;
  for (let y = 1; y < size - 1; y += 1) {
    for (let x = 1; x < size - 1; x += 1) {
      const across =
        at(x + 1, y - 1) + 2 * at(x + 1, y) + at(x + 1, y + 1) - at(x - 1, y - 1) - 2 * at(x - 1, y) - at(x - 1, y + 1);
      const down =
        at(x - 1, y + 1) + 2 * at(x, y + 1) + at(x + 1, y + 1) - at(x - 1, y - 1) - 2 * at(x, y - 1) - at(x + 1, y - 1);
      mask[y * size + x] = Math.hypot(across, down) > EDGE_GRADIENT ? 1 : 0;
    }
  }
  return mask;
}

/** The mask and all eight neighbours of its pixels. */
function widened(mask: Uint8Array, size: number): Uint8Array {
  return mask.map((_, index) => {
    const [x, y] = [index % size, Math.floor(index / size)];
    for (let dy = Math.max(0, y - 1); dy <= Math.min(size - 1, y + 1); dy += 1) {
      for (let dx = Math.max(0, x - 1); dx <= Math.min(size - 1, x + 1); dx += 1) {
        if (mask[dy * size + dx] === 1) return 1;
      }
    }
    return 0;
  });
}

function sum(mask: Uint8Array, where?: Uint8Array): number {
  let total = 0;
  for (const [index, value] of mask.entries()) total += where === undefined ? value : value & where[index]!;
  return total;
}

function colourSimilarity(a: Canvas, b: Canvas): number {
  const [inkA, inkB] = [sum(a.ink), sum(b.ink)];
  // Without anything drawn on it, the background is the picture.
  if (inkA === 0 && inkB === 0) return shared(histogram(a, false), histogram(b, false));
  if (inkA === 0 || inkB === 0) return 0;
  return shared(histogram(a, true), histogram(b, true));
}

function histogram({ rgb, ink }: Canvas, inkOnly: boolean): Float64Array {
  const bins = new Float64Array(64);
  let count = 0;
  for (const [at, drawn] of ink.entries()) {
    if (inkOnly && drawn === 0) continue;
    count += 1;
    bins[((rgb[3 * at]! >> 6) << 4) | ((rgb[3 * at + 1]! >> 6) << 2) | (rgb[3 * at + 2]! >> 6)]! += 1;
  }
  return bins.map((bin) => bin / Math.max(1, count));
}

function shared(a: Float64Array, b: Float64Array): number {
  return Math.min(
    1,
    a.reduce((total, value, bin) => total + Math.min(value, b[bin]!), 0),
  );
}
