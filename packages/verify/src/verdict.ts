/**
 * How a check ended. `unscorable`, `timeout` and `crashed` say that the answer could not be judged: they are not a
 * wrong answer, and what reward they earn is decided by the caller's named policy (see `scoreOrPolicy`).
 */
export type Outcome = 'correct' | 'incorrect' | 'unscorable' | 'timeout' | 'crashed';

/** The judgement of one response. Every verifier returns this and never throws on what a model wrote. */
export interface Verdict {
  readonly outcome: Outcome;
  /** In [0, 1]. 0 whenever `outcome` is not `correct` or a partial credit. */
  readonly score: number;
  /** Named parts of the score, each in [0, 1] unless its verifier says otherwise. */
  readonly parts: Readonly<Record<string, number>>;
  /** The answer that was taken from the response; null when none was found. */
  readonly extracted: string | null;
  /** A literal code such as `equal`, `no-answer`, `too-large`; made for programs and counts. */
  readonly reason: string;
  /** The same in words, for people and for methods that learn from text; may be empty. */
  readonly feedback: string;
  readonly elapsedMs: number;
}
