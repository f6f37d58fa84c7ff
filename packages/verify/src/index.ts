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
  isVerifierKind,
  loadVerifier,
  verifierKinds,
  verifiers,
  type Verifier,
  type VerifierEntry,
  type VerifierKind,
} from './registry.js';
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
