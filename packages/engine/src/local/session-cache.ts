import type { ModelConfig } from '../model/config.js';
import { GraphSession } from './session.js';

/**
 * Compiled graphs by what they compute. Weights are inputs, so models of one architecture (a policy and its frozen
 * reference) share them.
 */
export class SessionCache {
  private readonly sessions = new Map<string, Promise<GraphSession>>();

  constructor(private readonly threads: number) {}

  get(config: ModelConfig, key: string, build: () => Uint8Array): Promise<GraphSession> {
    const full = `${key} ${JSON.stringify(config)}`;
    const known = this.sessions.get(full);
    if (known) return known;
    const created = GraphSession.create(build(), this.threads);
    this.sessions.set(full, created);
    return created;
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
    this.sessions.clear();
  }
}
