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
