import type { Raster } from './job.js';

/** Red, green and blue of each pixel of a drawing on white, row by row, in 0..255. */
export function onWhite({ size, pixels }: Raster): Uint8Array {
  const rgb = new Uint8Array(3 * size * size);
  for (let at = 0; at < size * size; at += 1) {
    const white = 255 - pixels[4 * at + 3]!;
    for (let channel = 0; channel < 3; channel += 1)
      rgb[3 * at + channel] = Math.min(255, pixels[4 * at + channel]! + white);
  }
  return rgb;
}
