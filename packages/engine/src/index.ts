export type {
  ColumnRequest,
  DrawnToken,
  Engine,
  EngineLimits,
  ModelInfo,
  OptimOptions,
  OptimStats,
  PolicyLoss,
  Sample,
  SampleOptions,
  SampleRequest,
  SampleWatch,
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
export { readModelOutline } from './model/outline.js';
export type { ModelOutline } from './model/outline.js';
export { initWeights } from './model/init.js';
export type { StorageDtype } from './model/safetensors.js';
export { readWeights, writeWeights } from './model/weight-files.js';
export { ChatTemplate } from './text/chat-template.js';
export type { ChatMessage, RenderOptions } from './text/chat-template.js';
export { DecodeStream } from './text/decode-stream.js';
export type { SpecialTokens } from './text/special-tokens.js';
export { StopStringWatcher } from './text/stop-strings.js';
export { Tokenizer } from './text/tokenizer.js';
export type { DecodeOptions, EncodeOptions } from './text/tokenizer.js';
export { LocalEngine } from './local/local-engine.js';
export type { LocalEngineOptions } from './local/local-engine.js';
export { measureMatrixRate } from './local/matrix-rate.js';
export { resolveModel } from './model/hub.js';
export type { DownloadProgress, HubOptions } from './model/hub.js';
