/** What a `preprocessor_config.json` asks of a picture, and a picture made so: the `pixel_values` of a model. */
import { onWhite } from '../raster.js';
import type { Raster } from '../job.js';
import { VisionModelError } from './error.js';
import { resamplings, resize, type Resampling, type RgbImage } from './resize.js';

/** Steps in their order; null for one that is switched off. */
export interface PixelRules {
  readonly resize: { readonly width: number; readonly height: number; readonly resampling: Resampling } | null;
  /** The middle of the resized picture. */
  readonly crop: { readonly width: number; readonly height: number } | null;
  readonly rescale: number | null;
  readonly normalize: { readonly mean: readonly number[]; readonly std: readonly number[] } | null;
}

/** `data` is [3, height, width]. */
export interface PixelValues {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

type Json = Readonly<Record<string, unknown>>;

/** Largest side of a picture that a model may ask for, as of those that are drawn. */
export const MAX_SIDE = 1024;

/**
 * Reads a `preprocessor_config.json` as transformers' image processors of CLIP, SigLIP, ViT and BiT do (BiT's serves
 * DINOv2). Pictures are square, so the shorter side is both. Throws a `VisionModelError`.
 */
export function readPixelRules(config: Json, at: string): PixelRules {
  const fault = (rule: string, key: string): VisionModelError =>
    new VisionModelError(
      `openVisionModel: ${rule}, got ${JSON.stringify(config[key]) ?? 'none'} in ${at}; take the file of the published model`,
    );
  const enabled = (key: string, usual: boolean): boolean => {
    const value = config[key] ?? usual;
    if (typeof value !== 'boolean') throw fault(`${key} must be true or false`, key);
    return value;
  };
  const side = (key: string): { width: number; height: number } => {
    const found = sideOf(config[key]);
    if (found === null) {
      throw fault(`${key} must be { height, width }, { shortest_edge } or a number, each from 1 to ${MAX_SIDE}`, key);
    }
    return found;
  };
  const three = (key: string): readonly number[] => {
    const value = config[key];
    const usable = Array.isArray(value) && value.length === 3 && value.every((each) => Number.isFinite(each));
    const divides = key === 'image_std';
    if (!usable || (divides && value.includes(0)))
      throw fault(`${key} must be three numbers${divides ? ' other than 0' : ''}`, key);
    return value as number[];
  };
  const resampling = (): Resampling => {
    const named = resamplings[config['resample'] as number];
    if (named === undefined) throw fault(`resample must be a number of Pillow's filters, 0 to 5`, 'resample');
    return named;
  };
  const factor = config['rescale_factor'] ?? 1 / 255;
  if (typeof factor !== 'number' || !(factor > 0)) throw fault('rescale_factor must be above 0', 'rescale_factor');
  const resized = enabled('do_resize', true) ? { ...side('size'), resampling: resampling() } : null;
  const crop = enabled('do_center_crop', (config['crop_size'] ?? null) !== null) ? side('crop_size') : null;
  if (resized !== null && crop !== null && (crop.width > resized.width || crop.height > resized.height))
    throw fault('crop_size must be within size', 'crop_size');
  return {
    resize: resized,
    crop,
    rescale: enabled('do_rescale', true) ? factor : null,
    normalize: enabled('do_normalize', true) ? { mean: three('image_mean'), std: three('image_std') } : null,
  };
}

function sideOf(value: unknown): { width: number; height: number } | null {
  const {
    width,
    height,
    shortest_edge: shortest,
  } = (typeof value === 'number' ? { shortest_edge: value } : (value ?? {})) as Json;
  const usable = (side: unknown): side is number =>
    typeof side === 'number' && Number.isInteger(side) && side >= 1 && side <= MAX_SIDE;
  if (usable(shortest)) return { width: shortest, height: shortest };
  return usable(width) && usable(height) ? { width, height } : null;
}

/** Pixels of each side of the square in which a picture should be drawn; `usual` where it is not resized. */
export function drawnSide({ resize }: PixelRules, usual: number): number {
  return resize === null ? usual : Math.max(resize.width, resize.height);
}

/** What a model sees of a drawing, on white. Throws a `RangeError` for one that is smaller than the crop. */
export function pixelValues(raster: Raster, rules: PixelRules): PixelValues {
  const drawn: RgbImage = { width: raster.size, height: raster.size, rgb: onWhite(raster) };
  const { resize: size, crop, rescale, normalize } = rules;
  const whole = size === null ? drawn : resize(drawn, size.width, size.height, size.resampling);
  const { width, height } = crop ?? whole;
  if (width > whole.width || height > whole.height) {
    throw new RangeError(
      `pixelValues: the drawing must hold ${width} x ${height} pixels, got ${whole.width} x ${whole.height}; draw it larger`,
    );
  }
  const [top, left] = [Math.floor((whole.height - height) / 2), Math.floor((whole.width - width) / 2)];
  const data = new Float32Array(3 * width * height);
  for (let channel = 0; channel < 3; channel += 1) {
    const [mean, std] = [normalize?.mean[channel] ?? 0, normalize?.std[channel] ?? 1];
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const value = whole.rgb[3 * ((y + top) * whole.width + x + left) + channel]! * (rescale ?? 1);
        data[(channel * height + y) * width + x] = (value - mean) / std;
      }
    }
  }
  return { width, height, data };
}
