import type { Raster } from '../job.js';

/** What a process that embeds is asked. */
export type VisionJob =
  | { readonly kind: 'about' }
  | { readonly kind: 'image'; readonly raster: Raster }
  | { readonly kind: 'text'; readonly text: string };

/** `fault`: the folder cannot be used, in one line. `vector` has length 1, or is 0 throughout. */
export type VisionValue =
  | { readonly kind: 'fault'; readonly message: string }
  | { readonly kind: 'about'; readonly dimension: number }
  | { readonly kind: 'vector'; readonly values: Float32Array };
