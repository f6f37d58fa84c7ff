export { findBoxes } from './boxed.js';
export { codeBlocks, extractCode, type CodeBlock, type CodeBlockOptions } from './code-block.js';
export { lastChoice, type ChoiceOptions } from './choice.js';
export { defaultOrder, extractAnswer, extractReference, type ExtractOptions } from './extract.js';
export type { Extraction, ExtractionKind } from './span.js';
export { afterThinking, answerPart } from './thinking.js';
