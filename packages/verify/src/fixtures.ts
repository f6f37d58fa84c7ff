/**
 * Cases that a verifier ships beside it, as data. `full` responses earn full marks and `zero` responses none; `malformed`
 * ones are wrong or unjudgeable with a reason; every case must be judged the same way twice.
 */
export interface VerifierFixture {
  readonly kind: 'full' | 'zero' | 'malformed';
  readonly response: string;
  readonly reference: unknown;
  readonly options?: Readonly<Record<string, unknown>>;
  /** The reason code that the verdict must carry, where the case is about it. */
  readonly reason?: string;
}
