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
