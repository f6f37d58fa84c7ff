import type { SandboxReport } from '../../sandbox/backend.js';
import type { Raster } from '../job.js';
import { VisionModelError } from './error.js';
import type { VisionModel } from './model.js';

/** What a verdict allows an encoder. */
export interface EmbedLimits {
  /** Milliseconds of running. */
  readonly wallMs: number;
}

/** An encoder did not come to an end. */
export class UnfinishedEmbedding extends Error {
  override readonly name = 'UnfinishedEmbedding';
  constructor(readonly report: Exclude<SandboxReport<unknown>, { readonly ended: 'finished' }>) {
    super(`embedding: must end, got ${report.ended} (${report.detail}); see the limits of the verdict`);
  }
}

/**
 * Vectors of pictures and texts, from `openVisionModel` or from encoders of the caller. Those of the caller are not
 * bounded; a rejection of theirs is one of the verdict.
 */
export interface Embedder {
  /** Compared with the vector of the reference picture. */
  readonly image?: (raster: Raster, limits: EmbedLimits) => Promise<ArrayLike<number>>;
  /** Compared with the vector of the picture by `imageForText`. */
  readonly text?: (caption: string, limits: EmbedLimits) => Promise<ArrayLike<number>>;
  /** Maps pictures into the space of `text`; default `image`. */
  readonly imageForText?: (raster: Raster, limits: EmbedLimits) => Promise<ArrayLike<number>>;
  /** Pixels of each side of the square in which pictures are drawn for the encoders; default `size` of the options. */
  readonly size?: number;
}

/**
 * The embedder of one or two models, as SGP-RL has them: captions by the model that reads texts (CLIP, SigLIP), reference
 * pictures by the one that does not (DINO) or else by the same. Throws a `VisionModelError` for others.
 */
export function visionEmbedder(models: readonly VisionModel[]): Embedder {
  const readers = models.filter(({ text }) => text !== null);
  const viewers = models.filter(({ text }) => text === null);
  if (models.length === 0 || readers.length > 1 || viewers.length > 1) {
    const got = models.length === 0 ? 'none' : models.map(({ modelType }) => modelType).join(', ');
    throw new VisionModelError(
      `visionEmbedder: must have a model that reads texts, one that does not, or one of each, got ${got}; leave out the others`,
    );
  }
  const size = Math.max(...models.map((each) => each.size));
  const fixed = models.find((each) => !each.resizes && each.size !== size);
  if (fixed !== undefined) {
    throw new VisionModelError(
      `visionEmbedder: models without do_resize must take ${size} x ${size} pixels as the other does, got ${fixed.size} of ${fixed.modelType}; set do_resize in its preprocessor_config.json`,
    );
  }
  const [reader] = readers;
  const pictures = viewers[0] ?? reader;
  return {
    size,
    ...(pictures && { image: (raster, limits) => pictures.image(raster, limits) }),
    ...(reader?.text && { text: reader.text, imageForText: (raster, limits) => reader.image(raster, limits) }),
  };
}
