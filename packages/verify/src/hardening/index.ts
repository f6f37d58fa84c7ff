export { attackCategories, attacks, type Attack, type AttackCategory, type AttackItem } from './attacks.js';
export { firstSentenceNegative, heldOutKeys, isDegenerateResponse, masterKeys } from './keys.js';
export {
  falsePositiveRates,
  measureAttacks,
  type AttackRate,
  type AttackReport,
  type AttackResult,
  type MeasureOptions,
} from './measure.js';
