import type { ModelConfig } from '../model/config.js';
import type { ModelState } from './model-state.js';
import { GraphSession } from './session.js';

/**
 * Compiled graphs by what they compute. Weights are inputs, so models of one architecture (a policy and its frozen
 * reference) share them.
 */
export class SessionCache {
  private readonly sessions = new Map<string, Promise<GraphSession>>();

  private readonly bound = new Map<ModelState, { readonly session: GraphSession; readonly version: number }>();
  private readonly graphs = new Map<string, Uint8Array>();

  constructor(readonly threads: number) {}

  get(config: ModelConfig, key: string, build: () => Uint8Array): Promise<GraphSession> {
    const full = `${key} ${JSON.stringify(config)}`;
    const known = this.sessions.get(full);
    if (known) return known;
    const created = GraphSession.create(build(), this.threads);
    this.sessions.set(full, created);
    return created;
  }

  /** A graph with constant weights for the present ones of `model`; compiled anew once they have changed. */
  async withWeights(model: ModelState, build: () => Uint8Array): Promise<GraphSession> {
    const known = this.bound.get(model);
    if (known?.version === model.version) return known.session;
    if (known) await known.session.release();
    const key = JSON.stringify(model.config);
    const graph = this.graphs.get(key) ?? build();
    this.graphs.set(key, graph);
    const session = await GraphSession.create(graph, this.threads, model.weights.data);
    this.bound.set(model, { session, version: model.version });
    return session;
  }

  /** Releases what is compiled for this model only. */
  async forget(model: ModelState): Promise<void> {
    await this.bound.get(model)?.session.release();
    this.bound.delete(model);
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
    for (const { session } of this.bound.values()) await session.release();
    this.sessions.clear();
    this.bound.clear();
  }
}
