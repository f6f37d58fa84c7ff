/**
 * The few words of memory that a worker shares with the thread that watches it: what it is doing and since when.
 * The watcher trusts these stamps and not the arrival of messages, so a busy host thread never takes a finished job
 * for a hanging one.
 */
export const phases = { waiting: 0, loading: 1, running: 2, finished: 3 } as const;
export type Phase = (typeof phases)[keyof typeof phases];

const PHASE = 0;
const SINCE = 1;

export class JobClock {
  readonly buffer: SharedArrayBuffer;
  private readonly words: BigInt64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(16)) {
    this.buffer = buffer;
    this.words = new BigInt64Array(buffer);
    this.enter(phases.waiting);
  }

  /** Called by the worker: enters a phase now. */
  enter(phase: Phase): void {
    Atomics.store(this.words, SINCE, process.hrtime.bigint());
    Atomics.store(this.words, PHASE, BigInt(phase));
  }

  /** Called by the watcher: the phase and the milliseconds spent in it so far. */
  read(): { readonly phase: Phase; readonly elapsedMs: number } {
    const since = Atomics.load(this.words, SINCE);
    const phase = Number(Atomics.load(this.words, PHASE)) as Phase;
    // A phase entered between the two loads would be paired with the old stamp: read again.
    if (Atomics.load(this.words, SINCE) !== since) return this.read();
    return { phase, elapsedMs: Number(process.hrtime.bigint() - since) / 1e6 };
  }
}
