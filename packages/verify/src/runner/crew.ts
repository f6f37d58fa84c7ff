import type { VerifierTarget } from './job.js';
import { AT_HAND_MS, WorkerSlot, type Ticket } from './slot.js';
import { Suspects } from './suspects.js';
import { crashed, type Verdict } from '../verdict.js';

export interface CrewOptions {
  readonly workers: number;
  readonly spares: number;
  readonly loadMs: number;
  readonly memoryMb: number;
  readonly niceness: number;
  /** See `Suspects`. */
  readonly overdueShare: number;
  readonly preload: readonly VerifierTarget[];
}

/** A worker that cannot even start is replaced this many times in a row before its jobs are given up. */
const START_ATTEMPTS = 3;

/** Distinct verifiers that replacements load ahead; beyond these, they load on first use. */
const MAX_LEARNT = 32;

/** The weight of the latest job in the mean of its verifier: a hostile answer now and then must not change it much. */
const LEARNING_RATE = 0.05;

/** A queue of jobs and the workers that judge them: who gets which job, and who replaces a worker that was killed. */
export class Crew {
  private readonly slots = new Set<WorkerSlot>();
  private spares: WorkerSlot[] = [];
  private queue: Ticket[] = [];
  private readonly learnt = new Map<string, VerifierTarget>();
  private readonly suspects: Suspects;
  /** Set while jobs wait only for the rest of their verifier. */
  private wake: NodeJS.Timeout | undefined;
  /** Milliseconds that a job of a verifier runs, as a running mean of what it took, each at most `AT_HAND_MS`. */
  private readonly expected = new Map<string, number>();
  private startFailures = 0;
  private closed = false;
  /** Workers killed or lost. */
  replaced = 0;

  constructor(private readonly options: CrewOptions) {
    this.suspects = new Suspects(options.overdueShare);
    if (options.preload.length === 0) return;
    while (this.slots.size < options.workers) this.slots.add(this.spawn(0));
    this.refillSpares();
  }

  /** Workers that hold a job. */
  get running(): number {
    return [...this.slots].filter((slot) => slot.load > 0).length;
  }

  take({ id, job, deadlineMs, settle }: Omit<Ticket, 'expectedMs'>): void {
    const expectedMs = this.expected.get(keyOf(job.verifier)) ?? AT_HAND_MS;
    const learnAndSettle = (verdict: Verdict): void => {
      this.learn(job.verifier, verdict);
      settle(verdict);
    };
    this.queue.push({ id, job, deadlineMs, expectedMs, settle: learnAndSettle });
    this.dispatch();
  }

  /** Forgets a job; a worker that is at it is ended. */
  cancel(id: number): void {
    const has = (ticket: Ticket): boolean => ticket.id === id;
    this.queue = this.queue.filter((ticket) => !has(ticket));
    for (const slot of this.slots) {
      if (!slot.holds(has)) continue;
      this.takeBack(slot.takeBack().filter((ticket) => !has(ticket)));
      if (!slot.holds(has)) continue;
      slot.drop(id);
      void slot.kill();
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.wake);
    const held = [...this.slots].flatMap((slot) => slot.release());
    for (const ticket of [...held, ...this.queue]) ticket.settle(crashed('pool-closed'));
    this.queue = [];
    await Promise.all([...this.slots, ...this.spares].map((slot) => slot.kill()));
  }

  /**
   * What a verdict says about its verifier: how long its jobs take; that spares load what has judged well, so that a
   * replacement starts with its modules in place; that what ran out of time may not take every worker for a while.
   */
  private learn(target: VerifierTarget, verdict: Verdict): void {
    const { outcome, elapsedMs } = verdict;
    const key = keyOf(target);
    this.suspects.learn(key, verdict);
    const expected = this.expected.get(key);
    const took = Math.min(elapsedMs, AT_HAND_MS);
    this.expected.set(key, expected === undefined ? took : expected + LEARNING_RATE * (took - expected));
    if (outcome !== 'correct' && outcome !== 'incorrect') return;
    if (this.learnt.has(key) || this.learnt.size >= MAX_LEARNT) return;
    this.learnt.set(key, target);
    for (const spare of this.spares) spare.warm(target);
  }

  private readonly isSuspect = ({ job }: Ticket): boolean => this.suspects.has(keyOf(job.verifier));

  private spawn(niceness: number): WorkerSlot {
    const { loadMs, memoryMb } = this.options;
    const preload = [...this.options.preload, ...this.learnt.values()];
    return new WorkerSlot(
      { loadMs, memoryMb, niceness, preload },
      {
        room: () => this.dispatch(),
        returned: (tickets) => this.takeBack(tickets),
        dead: (slot) => this.replace(slot),
      },
    );
  }

  private refillSpares(): void {
    while (!this.closed && this.spares.length < this.options.spares) {
      this.spares.push(this.spawn(this.options.niceness));
    }
  }

  /** The queue moves on at once on a warm spare; the spare's own successor starts afterwards. */
  private replace(slot: WorkerSlot): void {
    const worked = this.slots.delete(slot);
    this.spares = this.spares.filter((spare) => spare !== slot);
    if (this.closed) return;
    this.replaced++;
    this.startFailures = slot.ready ? 0 : this.startFailures + 1;
    if (this.startFailures >= START_ATTEMPTS) {
      this.abandon();
      return;
    }
    if (worked) this.slots.add(this.spares.shift() ?? this.spawn(this.options.niceness));
    this.dispatch();
    setImmediate(() => this.refillSpares());
  }

  /** Jobs that come back from a worker were first in line before, and are so again. */
  private takeBack(tickets: readonly Ticket[]): void {
    this.queue.unshift(...tickets);
    this.dispatch();
  }

  private dispatch(): void {
    for (let position = 0; position < this.queue.length && !this.closed;) {
      const ticket = this.queue[position];
      if (ticket === undefined) return;
      const isSuspect = this.isSuspect(ticket);
      const slot = isSuspect ? this.slotForSuspect(ticket) : (this.fullestFor(ticket) ?? this.another());
      if (slot !== null) {
        this.queue.splice(position, 1);
        slot.send(ticket);
      } else if (isSuspect) {
        position++; // others may pass it
      } else {
        return;
      }
    }
  }

  /** The worker with the least room that still takes this job: one that sleeps is woken only when it is needed. */
  private fullestFor({ expectedMs }: Ticket): WorkerSlot | null {
    let [found, least]: [WorkerSlot | null, number] = [null, Infinity];
    for (const slot of this.slots) {
      const { roomMs } = slot;
      if (roomMs < expectedMs || roomMs === 0 || (found !== null && roomMs >= least)) continue;
      [found, least] = [slot, roomMs];
    }
    return found;
  }

  /**
   * Suspects get an idle worker to themselves, and one worker stays free of them where there may be more than one. The
   * newest come first: those that have judged well for long are for the others.
   */
  private slotForSuspect({ job }: Ticket): WorkerSlot | null {
    const restMs = this.suspects.restMs(keyOf(job.verifier));
    if (restMs > 0) {
      this.wakeAfter(restMs);
      return null;
    }
    const slots = [...this.slots].reverse();
    const taken = slots.filter((slot) => slot.holds(this.isSuspect)).length;
    if (taken >= Math.max(1, this.options.workers - 1)) return null;
    return slots.find((slot) => slot.roomMs === Infinity) ?? this.another();
  }

  private wakeAfter(restMs: number): void {
    this.wake ??= setTimeout(() => {
      this.wake = undefined;
      this.dispatch();
    }, Math.ceil(restMs));
  }

  /** One more worker where there are fewer than there may be. */
  private another(): WorkerSlot | null {
    if (this.slots.size >= this.options.workers) return null;
    const slot = this.spawn(0);
    this.slots.add(slot);
    setImmediate(() => this.refillSpares());
    return slot;
  }

  /** Workers do not start (memory limit too small, missing build): every job says so instead of waiting for ever. */
  private abandon(): void {
    const tickets = this.queue;
    this.queue = [];
    for (const slot of this.slots) if (!slot.ready) this.slots.delete(slot);
    const feedback = 'workers end before they are ready; check memoryMb, preload and that the package is built';
    for (const ticket of tickets) ticket.settle(crashed('worker-did-not-start', { feedback }));
  }
}

function keyOf(target: VerifierTarget): string {
  return typeof target === 'string' ? target : `${target.module}#${target.export}`;
}
