import type { Engine } from '@touchstone/engine';
import { RequestFault } from '../http.js';

interface Held {
  readonly engine: Promise<Engine>;
  uses: number;
}

/**
 * Frozen sets of weights that clients sample from: snapshots of models in training, and saved checkpoints, which are
 * loaded on first use. The least recently used goes when there are more than `limit`.
 */
export class SamplerWeights {
  /** In the order of use. */
  private readonly held = new Map<string, Held>();
  private readonly dropped = new Set<string>();

  constructor(private readonly limit: number) {}

  /** Keeps a snapshot, which can be had under `key` until newer ones push it out. */
  hold(key: string, engine: Engine): void {
    const held: Held = { engine: Promise.resolve(engine), uses: 1 };
    this.held.set(key, held);
    // Where all others are in use, room is made by the next that is not, and never by the newest.
    this.trim();
    held.uses = 0;
  }

  has(key: string): boolean {
    return this.held.has(key);
  }

  /**
   * Lends the weights to `act`. Weights that are not there are made by `load`.
   *
   * @throws RequestFault (410) For a snapshot that was pushed out.
   */
  async use<T>(
    key: string,
    load: (() => Promise<Engine>) | undefined,
    act: (engine: Engine) => Promise<T>,
  ): Promise<T> {
    const held = this.held.get(key) ?? this.load(key, load);
    // To the end of the order: the most recently used.
    this.held.delete(key);
    this.held.set(key, held);
    held.uses++;
    try {
      return await act(await held.engine);
    } finally {
      held.uses--;
      this.trim();
    }
  }

  async dispose(): Promise<void> {
    for (const { engine } of this.held.values()) await (await engine).dispose();
    this.held.clear();
  }

  private load(key: string, load: (() => Promise<Engine>) | undefined): Held {
    if (load === undefined) {
      const rule = this.dropped.has(key)
        ? `was pushed out by ${this.limit} newer weights; save weights under a name to keep them, or allow more (--max-samplers)`
        : 'its weights are gone; make a new sampling session';
      throw new RequestFault(410, 'sampling_session_id', rule);
    }
    const engine = load();
    // What cannot be loaded is tried anew next time.
    engine.catch(() => this.held.delete(key));
    return { engine, uses: 0 };
  }

  private trim(): void {
    for (const [key, { engine, uses }] of this.held) {
      if (this.held.size <= this.limit) return;
      if (uses > 0) continue;
      this.held.delete(key);
      this.dropped.add(key);
      engine.then(
        (loaded) => loaded.dispose(),
        () => undefined,
      );
    }
  }
}
