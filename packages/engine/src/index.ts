export type {
  ColumnRequest,
  Engine,
  ModelInfo,
  OptimOptions,
  OptimStats,
  Sample,
  SampleOptions,
  SampleRequest,
  SaveOptions,
  TokenBatch,
  TokenColumns,
  TokenGradients,
  TokenTrie,
} from './engine.js';
export { EngineError, ERROR_CODES } from './errors.js';
export type { EngineErrorCode, EngineErrorParts } from './errors.js';
export { checkConfig, MODEL_FAMILIES, parseModelConfig, toHuggingFaceConfig } from './model/config.js';
export type { Llama3RopeScaling, ModelConfig, ModelFamily } from './model/config.js';
export { parameterShapes, weightLayout, weightView } from './model/layout.js';
export type { ModelWeights, WeightLayout, WeightSlice } from './model/layout.js';
export { COMPANION_FILES, loadModelFolder, readModelDescription, saveModelFolder } from './model/folder.js';
export type { ModelDescription, ModelFolder } from './model/folder.js';
export { initWeights } from './model/init.js';
export type { StorageDtype } from './model/safetensors.js';
export { readWeights, writeWeights } from './model/weight-files.js';
