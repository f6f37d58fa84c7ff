import type { Verdict } from '../verdict.js';

/** For so long after a timeout, the jobs of its verifier are kept from taking every worker. */
const CAUTION_MS = 60_000;

/** After so many timeouts in a row a verifier rests between its jobs. */
const PATIENCE = 3;

/** The longest rest: a verifier that recovers is found out soon, however long its deadline. */
const MAX_REST_MS = 500;

interface Suspicion {
  readonly until: number;
  readonly inARow: number;
  readonly restsUntil: number;
}

/** Verifiers that ran out of time lately, and when each of them may run again. Times are those of `performance.now()`. */
export class Suspects {
  private readonly found = new Map<string, Suspicion>();

  /** @param share Of a worker's time, in (0, 1], that a verifier may take which only runs out of time; 1: no rest. */
  constructor(private readonly share: number) {}

  learn(key: string, { outcome, elapsedMs }: Verdict): void {
    const known = this.found.get(key);
    if (outcome !== 'timeout') {
      if (known !== undefined) this.found.set(key, { ...known, inARow: 0, restsUntil: 0 });
      return;
    }
    const now = performance.now();
    const inARow = (known?.inARow ?? 0) + 1;
    const restMs = inARow < PATIENCE ? 0 : Math.min(MAX_REST_MS, elapsedMs * (1 / this.share - 1));
    this.found.set(key, { until: now + CAUTION_MS, inARow, restsUntil: now + restMs });
  }

  has(key: string): boolean {
    const suspicion = this.found.size === 0 ? undefined : this.found.get(key);
    return suspicion !== undefined && performance.now() < suspicion.until;
  }

  /** Milliseconds until jobs of this verifier may run; 0 when they may now. */
  restMs(key: string): number {
    return Math.max(0, (this.found.get(key)?.restsUntil ?? 0) - performance.now());
  }
}
