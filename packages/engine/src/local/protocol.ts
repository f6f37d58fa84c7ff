import type { EngineErrorCode, EngineErrorParts } from '../errors.js';
import type { EngineHost } from './host.js';

export interface WorkerSettings {
  readonly threads: number;
  /** Whether the worker may start a second one and give it half of the threads and of the work. */
  readonly halves: boolean;
}

/** The verbs of the host that another thread may call. */
export type Verb = keyof EngineHost;

export interface Request {
  readonly id: number;
  readonly verb: Verb;
  readonly args: readonly unknown[];
  /** The verb gets a function as one argument more; what it is called with comes back as `Reply.progress`. */
  readonly reports?: boolean;
}

/** Progress, and then either a value or a failure: one of ours with its parts, or a bug with its stack. */
export interface Reply {
  readonly id: number;
  readonly progress?: unknown;
  readonly value?: unknown;
  readonly failure?:
    { readonly code: EngineErrorCode; readonly parts: EngineErrorParts } | { readonly message: string };
}
