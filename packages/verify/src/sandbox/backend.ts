/**
 * What runs behind a wall. A backend is a module whose exports `prepare` and `run` live in a killable process of a
 * `SandboxPool`; the pool starts it, feeds it one job at a time, watches the clock and the memory from outside, and
 * ends the whole process when a limit is passed. Jobs and results are plain data (they cross processes by structured
 * clone).
 */
export interface SandboxBackend<Job, Value> {
  /**
   * Loads the heavy parts once, before the first job, so that a warm process starts a job in milliseconds.
   * @param setup what the pool was made with; undefined where it has none
   */
  prepare(setup?: unknown): Promise<void>;
  /**
   * Runs one job from a state in which no earlier job has left anything. Throws only for defects of the backend
   * itself: what the untrusted text does wrong is part of the value.
   * @param note sends a part of the result ahead. It is in the report should the job be killed, and the time limit
   * begins anew: a job of many parts has `wallMs` for each of them.
   */
  run(job: Job, limits: SandboxLimits, note: (part: unknown) => void): Value | Promise<Value>;
  /**
   * Asked after each job: whether the process may take another. A backend that is not sure that the next job starts
   * from a clean state says false and is replaced by a fresh process. Absent: always true.
   */
  reusable?(): boolean;
}

/** Limits of one job. */
export interface SandboxLimits {
  /**
   * Milliseconds of running, not of waiting for a process, until the job ends or sends its next part; the process is
   * killed when they have passed.
   */
  readonly wallMs: number;
  /** Milliseconds of running for the whole job, whatever parts it sends; absent: no bound beside `wallMs`. */
  readonly totalMs?: number;
  /** MiB of memory the job may hold beyond what the warm process needs. */
  readonly memoryMb: number;
  /** Bytes kept of each output stream; what follows is cut. */
  readonly outputBytes: number;
}

export const defaultLimits: SandboxLimits = { wallMs: 5000, memoryMb: 256, outputBytes: 1 << 16 };

/** How a job ended for the pool. `finished` says that the backend returned a value, whatever is in it. */
export type SandboxReport<Value> =
  | { readonly ended: 'finished'; readonly value: Value; readonly elapsedMs: number; readonly peakMemoryMb: number }
  | {
      /** `timeout` and `memory`: killed at the limit. `crashed`: the process ended by itself or the backend threw. */
      readonly ended: 'timeout' | 'memory' | 'crashed';
      readonly detail: string;
      /** What the backend sent ahead by `note`. */
      readonly notes: readonly unknown[];
      readonly elapsedMs: number;
      readonly peakMemoryMb: number;
    };
