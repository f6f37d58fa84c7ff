/**
 * Resampling of 8-bit pictures with Pillow's results: a filter widened by the factor of shrinking, first along rows, then
 * along columns, weights in fixed point and a rounding to 8 bits after each pass.
 */

/** A picture of three channels in 0..255, row by row, the channels of a pixel together. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Numbers of Pillow's filters, as `resample` of a `preprocessor_config.json` has them. */
export const resamplings = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;
export type Resampling = (typeof resamplings)[number];

/** A filter, which is 0 beyond `support`, in pixels of the larger of the two pictures. */
interface Filter {
  readonly support: number;
  readonly weight: (x: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Keys' cubic with a = -0.5. */
function cubic(x: number): number {
  const [a, t] = [-0.5, Math.abs(x)];
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}

const filters: Readonly<Record<Exclude<Resampling, 'nearest'>, Filter>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** The picture at another size. */
export function resize(image: RgbImage, width: number, height: number, resampling: Resampling): RgbImage {
  if (resampling === 'nearest') return nearest(image, width, height);
  const filter = filters[resampling];
  const wide = image.width === width ? image : alongRows(image, width, filter);
  if (height === image.height) return wide;
  // Columns are the rows of the transposed picture.
  return transposed(alongRows(transposed(wide), height, filter));
}

function nearest({ width, height, rgb }: RgbImage, toWidth: number, toHeight: number): RgbImage {
  const pixels = new Uint8Array(3 * toWidth * toHeight);
  const [columns, rows] = [nearestTo(width, toWidth), nearestTo(height, toHeight)];
  for (const [y, row] of rows.entries()) {
    for (const [x, column] of columns.entries()) {
      const from = 3 * (row * width + column);
      pixels.set(rgb.subarray(from, from + 3), 3 * (y * toWidth + x));
    }
  }
  return { width: toWidth, height: toHeight, rgb: pixels };
}

/** Where each pixel of a row comes from. Steps are added up, as in Pillow, whose rounding decides between two neighbours. */
function nearestTo(size: number, toSize: number): number[] {
  const scale = size / toSize;
  let centre = scale * 0.5;
  return Array.from({ length: toSize }, () => {
    const found = Math.min(size - 1, Math.floor(centre));
    centre += scale;
    return found;
  });
}

function transposed({ width, height, rgb }: RgbImage): RgbImage {
  const pixels = new Uint8Array(rgb.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [from, to] = [3 * (y * width + x), 3 * (x * height + y)];
      for (let channel = 0; channel < 3; channel += 1) pixels[to + channel] = rgb[from + channel]!;
    }
  }
  return { width: height, height: width, rgb: pixels };
}

/** Bits behind the point of a weight: 8 of a pixel, 2 for sums beyond its range, one sign. */
const PRECISION = 22;

/** The pixels that a pixel of the result is made of, from `first` on, and their weights in fixed point. */
interface Taps {
  readonly first: number;
  readonly weights: Int32Array;
}

function tapsOf(size: number, toSize: number, { support, weight }: Filter): Taps[] {
  const scale = size / toSize;
  const stretch = Math.max(1, scale);
  const reach = support * stretch;
  return Array.from({ length: toSize }, (_, at) => {
    const centre = (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(size, Math.trunc(centre + reach + 0.5));
    const raw = Array.from({ length: last - first }, (_, tap) => weight((tap + first - centre + 0.5) / stretch));
    const total = raw.reduce((sum, value) => sum + value, 0);
    const fixed = raw.map((value) => {
      const scaled = (value / (total === 0 ? 1 : total)) * 2 ** PRECISION;
      return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    });
    return { first, weights: Int32Array.from(fixed) };
  });
}

function alongRows({ width, height, rgb }: RgbImage, toWidth: number, filter: Filter): RgbImage {
  const taps = tapsOf(width, toWidth, filter);
  const pixels = new Uint8Array(3 * toWidth * height);
  for (let y = 0; y < height; y += 1) {
    for (const [x, { first, weights }] of taps.entries()) {
      for (let channel = 0; channel < 3; channel += 1) {
        let sum = 2 ** (PRECISION - 1);
        let from = 3 * (y * width + first) + channel;
        for (const weight of weights) {
          sum += weight * rgb[from]!;
          from += 3;
        }
        pixels[3 * (y * toWidth + x) + channel] = Math.min(255, Math.max(0, sum >> PRECISION));
      }
    }
  }
  return { width: toWidth, height, rgb: pixels };
}
