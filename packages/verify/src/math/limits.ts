/**
 * The bounds of every mathematical check. Text is read in one linear pass, recursion is counted, numbers may not grow
 * past a size, and each unit of algebra is paid for, so that no input makes a check slow. Bounds count work, not time:
 * the same input gives the same verdict on every machine.
 */
export type LimitCode = 'too-long' | 'too-deep' | 'too-large' | 'too-many-steps';

/** Ends a computation that would go past its bounds. Thrown inside this folder and always caught at its surface. */
export class LimitReached extends Error {
  constructor(readonly code: LimitCode) {
    super(code);
    this.name = 'LimitReached';
  }
}

export const limits = {
  /** Characters of one answer; a longer one is compared as text only. */
  answerLength: 8_000,
  /** Tokens of one answer. */
  tokens: 2_500,
  /** Nested brackets, arguments, scripts and postfix marks. */
  depth: 60,
  /** Bits of a numerator or denominator. */
  bits: 2_048,
  /** Terms of one polynomial. */
  terms: 150,
  /** Units of algebra in one comparison; a unit is about one multiplication of small rationals. */
  steps: 6_000,
  /** Items of a list, set or matrix that are matched against each other. */
  items: 200,
  /** Terms of a sum or product that is carried out. */
  iterations: 400,
} as const;

/** Work that may still be done. Shared by everything that one comparison computes. */
export class Budget {
  constructor(private left: number = limits.steps) {}

  spend(units = 1): void {
    this.left -= units;
    if (this.left < 0) throw new LimitReached('too-many-steps');
  }
}

/** The value of `compute`, or the limit that ended it. Other errors are defects and pass through. */
export function withinLimits<Value>(compute: () => Value): { value: Value } | { limit: LimitCode } {
  try {
    return { value: compute() };
  } catch (thrown) {
    if (thrown instanceof LimitReached) return { limit: thrown.code };
    throw thrown;
  }
}
