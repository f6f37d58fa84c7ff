import { RequestFault } from '../http.js';
import { Taken } from './futures.js';

/**
 * The requests of one model, in the order of their `seq_id` (0, 1, 2, ...), however they arrive: the SDK sends the parts
 * of a batch all at once. Requests without a number run when they arrive.
 */
export class Turns {
  /** Number 0 is the making of the model. */
  private next = 0;
  private readonly held = new Map<number, { readonly enter: () => void; readonly refuse: (error: Error) => void }>();
  /** By the number of the request. */
  private readonly taken = new Taken();
  private last: Promise<unknown> = Promise.resolve();

  /**
   * The future that an earlier copy of this request has; undefined for a new one.
   *
   * @throws RequestFault For a number that another request has had.
   */
  known(seqId: number | undefined, digest: string): string | undefined {
    const earlier = seqId === undefined ? undefined : this.taken.get(String(seqId));
    if (earlier === undefined) {
      if (seqId === undefined || seqId >= this.next) return undefined;
      throw new RequestFault(400, 'seq_id', `must go on from ${this.next}, got ${seqId}, whose turn has passed`);
    }
    if (earlier.digest === digest) return earlier.futureId;
    throw new RequestFault(
      400,
      'seq_id',
      `must be new, got ${seqId}, which another request has; number requests 1, 2, 3`,
    );
  }

  /** Notes which future a number belongs to. */
  take(seqId: number | undefined, futureId: string, digest: string): void {
    if (seqId !== undefined) this.taken.set(String(seqId), futureId, digest);
  }

  /** Runs `work` once all requests before it have run. */
  run<T>(seqId: number | undefined, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        const result = this.last.then(work);
        this.last = result.catch(() => undefined);
        result.then(resolve, reject);
      };
      if (seqId === undefined) enter();
      else {
        this.held.set(seqId, { enter, refuse: reject });
        this.advance();
      }
    });
  }

  /** Gives up a turn: a request that was refused must not hold up those after it. */
  skip(seqId: number | undefined): void {
    if (seqId === undefined || seqId < this.next || this.held.has(seqId)) return;
    this.held.set(seqId, { enter: () => undefined, refuse: () => undefined });
    this.advance();
  }

  /** The model is gone: refuses requests that wait for one that never came, which would wait for ever. */
  end(error: Error): void {
    for (const { refuse } of this.held.values()) refuse(error);
    this.held.clear();
  }

  /** What a request waits for that has not had its turn. */
  reason(seqId: number | undefined): string | undefined {
    return seqId !== undefined && seqId >= this.next ? `waits for the request with seq_id ${this.next}` : undefined;
  }

  private advance(): void {
    for (;;) {
      const next = this.held.get(this.next);
      if (next === undefined) return;
      this.held.delete(this.next++);
      next.enter();
    }
  }
}
