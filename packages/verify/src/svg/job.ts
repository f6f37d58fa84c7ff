import type { SvgLimits, SvgRefusal } from './document.js';

/** What is to be drawn. */
export type Picture =
  | { readonly kind: 'svg'; readonly text: string }
  /** The bytes of a PNG file. */
  | { readonly kind: 'png'; readonly bytes: Uint8Array };

export interface DrawingJob {
  readonly pictures: readonly Picture[];
  /** Pixels of each side of the square that a picture is fitted into, centred. */
  readonly size: number;
  readonly limits: SvgLimits;
}

/** A square of `size` x `size` pixels. */
export interface Raster {
  readonly size: number;
  /** Red, green, blue, alpha of each pixel, row by row, in 0..255; colours are multiplied by alpha. */
  readonly pixels: Uint8Array;
}

export type Drawing =
  | { readonly kind: 'raster'; readonly raster: Raster; readonly elements: number }
  | { readonly kind: 'refused'; readonly refusal: SvgRefusal };

/** One drawing for each picture. */
export type DrawingValue = readonly Drawing[];
