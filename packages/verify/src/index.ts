export type { FailureRule, Outcome, OutcomePolicy, OutcomePolicyName, Verdict, VerdictDetail } from './verdict.js';
export {
  correct,
  crashed,
  incorrect,
  outcomePolicies,
  partial,
  scoreOrPolicy,
  timeout,
  unscorable,
  withElapsed,
} from './verdict.js';
export {
  closeExecuted,
  executedKinds,
  executedVerifiers,
  isExecutedKind,
  openResources,
  type AsyncVerifier,
  type ExecutedEntry,
  type ExecutedKind,
  type ExecutedResources,
} from './executed.js';
export {
  isVerifierKind,
  loadVerifier,
  verifierKinds,
  verifiers,
  type Verifier,
  type VerifierEntry,
  type VerifierKind,
} from './registry.js';
export { optionFault, type OptionFault, type OptionRule, type OptionRules } from './task-faults.js';
export {
  instructions,
  isInstructionId,
  verifyInstructionReference,
  verifyInstructions,
  type InstructionCall,
  type InstructionId,
  type InstructionMode,
} from './instructions/verify-instructions.js';
export { verifyChoice } from './choice/verify-choice.js';
export { extractChoice, type ChoiceSource, type ExtractedChoice } from './choice/extract-choice.js';
export { permuteOptions, seededPermutation, type ChoiceItem } from './choice/options.js';
export { formatGates, passesGate, verifyFormat, type FormatGate } from './format/verify-format.js';
export { verifyText, type TextMetric } from './text/verify-text.js';
export { bleu, rougeL, tokenF1 } from './text/overlap.js';
export { keywordAlignment, matchKeywords } from './text/keywords.js';
export { normalizeAnswer } from './text/normalize.js';
export { longestRun, repetition } from './text/repetition.js';
export {
  concisenessRewards,
  cosineLengthReward,
  overlongPenalty,
  plateauLengthReward,
  type CosineRange,
} from './text/length-shaping.js';
export { isRefusal } from './text/refusal.js';
export { detectLanguage } from './text/language.js';
export {
  compareAnswers,
  mathEqual,
  verifyMath,
  type Equality,
  type EqualityReason,
  type MathOptions,
  type Tolerance,
} from './math/index.js';
export { defaultOrder, extractAnswer, extractReference, type ExtractOptions } from './extract/index.js';
export { lastChoice, type ChoiceOptions, type Extraction, type ExtractionKind } from './extract/index.js';
export { verifyDateTime, readDateTime, type DateOrder, type DateTime } from './structure/date-time.js';
export { extractGrid, verifyGrid, verifyTable, type Grid } from './structure/grid.js';
export { extractJson, jsonEqual, jsonOverlap } from './structure/json.js';
export { kendallTau, readList, verifyList, verifyRanking } from './structure/lists.js';
export { callCredit, parseToolCalls, verifyToolCalls, type ToolCall, type ToolTurn } from './structure/tool-calls.js';
export type { VerifierFixture } from './fixtures.js';
export { verifierFixtures } from './kinds/fixtures.js';
export { executedFixtures } from './kinds/executed-fixtures.js';
