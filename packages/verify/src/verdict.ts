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

/** What a verifier may say beside the outcome; whatever is left out stays empty. */
export interface VerdictDetail {
  readonly extracted?: string | null;
  readonly feedback?: string;
  readonly parts?: Readonly<Record<string, number>>;
  readonly elapsedMs?: number;
}

function verdict(outcome: Outcome, score: number, reason: string, detail: VerdictDetail): Verdict {
  return {
    outcome,
    score,
    parts: detail.parts ?? {},
    extracted: detail.extracted ?? null,
    reason,
    feedback: detail.feedback ?? '',
    elapsedMs: detail.elapsedMs ?? 0,
  };
}

/** Full marks: score 1. */
export function correct(reason: string, detail: VerdictDetail = {}): Verdict {
  return verdict('correct', 1, reason, detail);
}

/** A judged answer that is wrong: score 0. An answer that is absent or cannot be read is this too. */
export function incorrect(reason: string, detail: VerdictDetail = {}): Verdict {
  return verdict('incorrect', 0, reason, detail);
}

/**
 * Partial credit: `correct` at score 1, otherwise `incorrect` with the score kept.
 * Scores outside [0, 1] are clamped; a score that is not a number could not be judged, so it is `unscorable`.
 */
export function partial(score: number, reason: string, detail: VerdictDetail = {}): Verdict {
  if (Number.isNaN(score)) return unscorable('score-not-a-number', detail);
  const clamped = Math.min(1, Math.max(0, score));
  return verdict(clamped === 1 ? 'correct' : 'incorrect', clamped, reason, detail);
}

/** The task, not the answer, is at fault: an unreadable reference, a missing argument, a budget that ran out. */
export function unscorable(reason: string, detail: VerdictDetail = {}): Verdict {
  return verdict('unscorable', 0, reason, detail);
}

/** The deadline passed and the work was stopped. */
export function timeout(limitMs: number, detail: VerdictDetail = {}): Verdict {
  return verdict('timeout', 0, 'deadline', { feedback: `stopped after its limit of ${limitMs} ms`, ...detail });
}

/** The verifier itself failed (threw, ran out of memory, returned no verdict); `reason` names how. */
export function crashed(reason: string, detail: VerdictDetail = {}): Verdict {
  return verdict('crashed', 0, reason, detail);
}

/** The same verdict with the milliseconds since `startedMs` (a `performance.now()` reading). */
export function withElapsed(verdict: Verdict, startedMs: number): Verdict {
  return { ...verdict, elapsedMs: performance.now() - startedMs };
}

/** What one kind of failed check is worth: left out of every mean (NaN), a number, or an error that stops the run. */
export type FailureRule = 'exclude' | 'raise' | number;

/** A rule for each way in which a check can fail to judge. */
export type OutcomePolicy = Readonly<Record<'unscorable' | 'timeout' | 'crashed', FailureRule>>;

/**
 * The named policies.
 * - `exclude`: NaN, which trainers leave out of means and advantages (the default everywhere).
 * - `timeout-is-wrong`: a response on which the verifier ran out of time scores 0; the other two are left out.
 * - `zero`: all three score 0, as most training systems do silently; choose it to reproduce them.
 * - `penalty`: all three score -1, so that a policy does not learn to provoke them.
 * - `raise`: throws, for evaluation where a missing verdict must not be overlooked.
 */
export const outcomePolicies = {
  exclude: { unscorable: 'exclude', timeout: 'exclude', crashed: 'exclude' },
  'timeout-is-wrong': { unscorable: 'exclude', timeout: 0, crashed: 'exclude' },
  zero: { unscorable: 0, timeout: 0, crashed: 0 },
  penalty: { unscorable: -1, timeout: -1, crashed: -1 },
  raise: { unscorable: 'raise', timeout: 'raise', crashed: 'raise' },
} as const satisfies Record<string, OutcomePolicy>;

export type OutcomePolicyName = keyof typeof outcomePolicies;

/**
 * The number a trainer uses for a verdict: its score when it was judged, otherwise what the policy says.
 * Returns NaN for an excluded verdict; throws only under a `raise` rule.
 */
export function scoreOrPolicy(verdict: Verdict, policy: OutcomePolicyName | OutcomePolicy = 'exclude'): number {
  if (verdict.outcome === 'correct' || verdict.outcome === 'incorrect') return verdict.score;
  const rule = (typeof policy === 'string' ? outcomePolicies[policy] : policy)[verdict.outcome];
  if (rule === 'exclude') return Number.NaN;
  if (rule !== 'raise') return rule;
  throw new Error(
    `scoreOrPolicy: every answer must be judged under this policy, got ${verdict.outcome} (${verdict.reason}); ` +
      'mend the task or choose the policy exclude',
  );
}
