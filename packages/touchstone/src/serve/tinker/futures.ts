import { randomUUID } from 'node:crypto';
import { RequestFault } from '../http.js';

/** What a piece of work came to: JSON, and protobuf where the SDK takes that. */
export interface FutureResult {
  readonly json: () => unknown;
  readonly protobuf?: () => Uint8Array;
}

/** A failure of the work itself: `user` where the request was wrong, so that trying again is of no use. */
export interface FutureFailure {
  readonly error: string;
  readonly category: 'user' | 'server';
}

export type Outcome =
  | { readonly state: 'done'; readonly result: FutureResult }
  | { readonly state: 'failed'; readonly failure: FutureFailure }
  /** `reason`: what it waits for where that is not its turn at the engine. */
  | { readonly state: 'pending'; readonly reason: string | undefined };

interface Future {
  outcome: Outcome;
  readonly settled: Promise<void>;
  readonly reason: () => string | undefined;
  readonly abort: AbortController;
}

/** Results that are kept for clients that have not fetched them, or fetch them twice. */
const MAX_SETTLED = 4096;
/** Work that may wait; more is refused with 429. */
const MAX_PENDING = 16_384;

/**
 * The futures of a client's requests, for those that are sent again. Keeps the latest: as many as there can be futures
 * under way or settled, so that a run of any length takes no more.
 */
export class Taken {
  private readonly futures = new Map<string, { readonly futureId: string; readonly digest: string }>();

  get(key: string): { readonly futureId: string; readonly digest: string } | undefined {
    return this.futures.get(key);
  }

  set(key: string, futureId: string, digest: string): void {
    this.futures.set(key, { futureId, digest });
    const [oldest] = this.futures.keys();
    if (this.futures.size > MAX_PENDING + MAX_SETTLED && oldest !== undefined) this.futures.delete(oldest);
  }
}

/** Work under way and its results, by request id. Results are dropped oldest first. */
export class Futures {
  /** Tells the ids of this server from those of an earlier one. */
  private readonly prefix = `${randomUUID()}-`;
  private readonly futures = new Map<string, Future>();
  private readonly settledIds: string[] = [];
  private count = 0;
  private pending = 0;

  /**
   * Files work that has been started.
   *
   * @param start Gets a signal that is aborted when the client no longer wants the result.
   * @param reason Says what the work waits for.
   */
  add(
    start: (signal: AbortSignal) => Promise<FutureResult>,
    reason: () => string | undefined = () => undefined,
  ): string {
    if (this.pending >= MAX_PENDING) {
      throw new RequestFault(429, '', `at most ${MAX_PENDING} requests may wait; fetch the results of others first`);
    }
    const id = `${this.prefix}${this.count++}`;
    const abort = new AbortController();
    this.pending++;
    const settle = (outcome: Outcome) => {
      future.outcome = outcome;
      this.pending--;
      this.settledIds.push(id);
      if (this.settledIds.length > MAX_SETTLED) this.futures.delete(this.settledIds.shift() as string);
    };
    const settled = start(abort.signal).then(
      (result) => settle({ state: 'done', result }),
      (error: unknown) => settle({ state: 'failed', failure: failureOf(error) }),
    );
    const future: Future = { outcome: { state: 'pending', reason: undefined }, settled, reason, abort };
    this.futures.set(id, future);
    return id;
  }

  /** The outcome, waited for up to `waitMs`. Throws a `RequestFault` for an id that is not known (404) or dropped (410). */
  async outcome(id: string, waitMs: number): Promise<Outcome> {
    const future = this.future(id);
    if (future.outcome.state === 'pending') {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([future.settled, new Promise((resolve) => (timer = setTimeout(resolve, waitMs)))]);
      clearTimeout(timer);
    }
    return future.outcome.state === 'pending' ? { state: 'pending', reason: future.reason() } : future.outcome;
  }

  /** The client no longer wants the result; work that can stop does. */
  cancel(id: string): void {
    this.future(id).abort.abort();
  }

  /** Cuts what can be cut: the server ends. */
  cancelAll(): void {
    for (const { abort } of this.futures.values()) abort.abort();
  }

  private future(id: string): Future {
    const future = this.futures.get(id);
    if (future !== undefined) return future;
    if (id.startsWith(this.prefix) && Number(id.slice(this.prefix.length)) < this.count) {
      throw new RequestFault(410, 'request_id', `the result was dropped after ${MAX_SETTLED} later ones; fetch sooner`);
    }
    throw new RequestFault(
      404,
      'request_id',
      `must be one of this server, got ${id}; after a restart send the request anew`,
    );
  }
}

function failureOf(error: unknown): FutureFailure {
  const { name, message, code } = error as Error & { readonly code?: string };
  const user = error instanceof RequestFault || (name === 'EngineError' && code === 'invalid-argument');
  return { error: message, category: user ? 'user' : 'server' };
}
