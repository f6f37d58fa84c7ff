/**
 * The few words of memory that a worker shares with the thread that watches it: which job it is at, what it is doing
 * with it, and since when. The watcher trusts these words and not the arrival of messages, so a busy host thread never
 * takes a finished job for a hanging one; and a job that waits behind a slow one can be taken back for another worker.
 */
export const phases = { waiting: 0, loading: 1, running: 2, finished: 3 } as const;
export type Phase = (typeof phases)[keyof typeof phases];

const PHASE = 0;
const SINCE = 1;
const CLAIMED = 2;
const CURRENT = 3;

export interface ClockReading {
  readonly phase: Phase;
  /** Milliseconds spent in the phase so far. */
  readonly elapsedMs: number;
  /** Number of the job that it is at or was at last; 0 before the first. */
  readonly job: number;
}

export class JobClock {
  readonly buffer: SharedArrayBuffer;
  private readonly words: BigInt64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(32)) {
    this.buffer = buffer;
    this.words = new BigInt64Array(buffer);
    this.enter(phases.waiting);
  }

  /** Called by the worker: enters a phase now. */
  enter(phase: Phase): void {
    Atomics.store(this.words, SINCE, process.hrtime.bigint());
    Atomics.store(this.words, PHASE, BigInt(phase));
  }

  /** Called by the worker before it begins a job: false when the job was taken back. */
  claim(job: number): boolean {
    const before = BigInt(job - 1);
    if (Atomics.compareExchange(this.words, CLAIMED, before, BigInt(job)) !== before) return false;
    Atomics.store(this.words, CURRENT, BigInt(job));
    return true;
  }

  /** Called by the watcher: no job up to `last` may be begun any more. Returns the last one that was begun. */
  takeBack(last: number): number {
    return Number(Atomics.exchange(this.words, CLAIMED, BigInt(last)));
  }

  /** Called by the watcher. */
  read(): ClockReading {
    const since = Atomics.load(this.words, SINCE);
    const phase = Number(Atomics.load(this.words, PHASE)) as Phase;
    const job = Number(Atomics.load(this.words, CURRENT));
    // A phase entered between these loads would be paired with the old stamp: read again.
    if (Atomics.load(this.words, SINCE) !== since) return this.read();
    return { phase, job, elapsedMs: Number(process.hrtime.bigint() - since) / 1e6 };
  }
}
