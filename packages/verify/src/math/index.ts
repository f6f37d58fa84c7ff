export { compareAnswers, type Equality, type EqualityReason } from './equal.js';
export { limits, type LimitCode } from './limits.js';
export type { Tolerance } from './scalar.js';
export { mathEqual, verifyMath, verifyMathReference, type MathOptions } from './verify.js';
