import { correct, crashed, incorrect, partial, type Outcome, type Verdict } from '../verdict.js';
import type { ExecutedKind } from '../executed.js';
import type { VerifierKind } from '../registry.js';

/** A verifier of the caller: an ES module (file path URL or package name) and the name of the exported function. */
export interface CustomVerifier {
  readonly module: string;
  readonly export: string;
}

/** What judges: a registered kind such as `math`, a kind that executes such as `code`, or the caller's own module. */
export type VerifierTarget = VerifierKind | ExecutedKind | CustomVerifier;

/** One response to judge. `reference` and `options` are plain data (they cross threads by structured clone). */
export interface Job {
  readonly verifier: VerifierTarget;
  readonly response: string;
  readonly reference: unknown;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Overrides the runner's deadline; milliseconds of running, not of waiting in the queue. */
  readonly deadlineMs?: number;
}

/** A runner judges jobs. It resolves with a verdict for whatever a response or a verifier does. */
export interface Runner {
  run(job: Job, signal?: AbortSignal): Promise<Verdict>;
  close(): Promise<void>;
}

const OUTCOMES: ReadonlySet<unknown> = new Set<Outcome>(['correct', 'incorrect', 'unscorable', 'timeout', 'crashed']);

/**
 * Turns what a verifier returned into a plain verdict. A boolean is right or wrong, a number is a score in [0, 1],
 * an object must be a verdict; anything else is `crashed` with the reason `no-verdict`.
 */
export function toVerdict(value: unknown): Verdict {
  if (typeof value === 'boolean') return value ? correct('accepted') : incorrect('rejected');
  if (typeof value === 'number') return partial(value, 'scored');
  if (typeof value !== 'object' || value === null || !OUTCOMES.has((value as Partial<Verdict>).outcome)) {
    return crashed('no-verdict', {
      feedback: `a verifier returns a Verdict, a boolean or a number, got ${describe(value)}`,
    });
  }
  const given = value as Partial<Verdict> & { readonly outcome: Outcome };
  const score = typeof given.score === 'number' && Number.isFinite(given.score) ? given.score : 0;
  return {
    outcome: given.outcome,
    score: Math.min(1, Math.max(0, score)),
    parts: numericParts(given.parts),
    extracted: typeof given.extracted === 'string' ? given.extracted : null,
    reason: typeof given.reason === 'string' ? given.reason : '',
    feedback: typeof given.feedback === 'string' ? given.feedback : '',
    elapsedMs: 0,
  };
}

function numericParts(parts: unknown): Record<string, number> {
  if (typeof parts !== 'object' || parts === null) return {};
  return Object.fromEntries(
    Object.entries(parts).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
  );
}

function describe(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}

/** Words for whatever was thrown, cut to a length that fits a log line. */
export function thrownMessage(thrown: unknown): string {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `thrown: ${describe(thrown)}`;
  return text.slice(0, 500);
}
