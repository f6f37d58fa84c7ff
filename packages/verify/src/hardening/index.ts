export { attackCategories, attacks, type Attack, type AttackCategory, type AttackItem } from './attacks.js';
export { attacksInLanguageOf } from './executed-attacks.js';
export { heldOutKeys } from './keys.js';
export { killers } from './killers.js';
export {
  measureAttacks,
  type AttackRate,
  type AttackReport,
  type AttackResult,
  type MeasureOptions,
} from './measure.js';
export {
  falsePositiveRates,
  firstSentenceNegative,
  isDegenerateResponse,
  masterKeys,
} from '../rewards/one-token-judge.js';
