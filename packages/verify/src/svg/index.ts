export {
  defaultSvgLimits,
  readSvg,
  type SvgElement,
  type SvgLimits,
  type SvgReading,
  type SvgRefusal,
} from './document.js';
export { attemptSvg, svgEscapes, type SvgEnding, type SvgEscape } from './escapes.js';
export { expandedElements } from './expand.js';
export type { Drawing, DrawingJob, DrawingValue, Picture, Raster } from './job.js';
export { makeSvgPool } from './pool.js';
export type { SvgOptions, SvgReference } from './reference.js';
export { similarity, type Similarity } from './similarity.js';
export { cosine, extractSvg, unitCosine, verifySvg, type SvgContext } from './verify-svg.js';
export { UnfinishedEmbedding, visionEmbedder, type EmbedLimits, type Embedder } from './vision/embedder.js';
export { VisionModelError } from './vision/error.js';
export { openVisionModel, type VisionModel, type VisionModelOptions } from './vision/model.js';
export { writeSvg } from './write.js';
