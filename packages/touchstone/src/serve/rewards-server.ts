import { availableParallelism } from 'node:os';
import { openResources, type ExecutedResources } from '@touchstone/verify';
import { VerifierPool, type CustomVerifier, type PoolOptions } from '@touchstone/verify/runner';
import { rewardApp } from './app.js';
import { listen } from './http.js';

export interface RewardServerOptions
  extends Pick<PoolOptions, 'deadlineMs' | 'memoryMb' | 'queueLimit' | 'workers' | 'preload'>, ExecutedResources {
  /** Default 127.0.0.1: only this machine. */
  readonly host?: string;
  /** 0 takes any free port. Default 8077. */
  readonly port?: number;
  readonly token?: string;
  readonly modules?: Readonly<Record<string, CustomVerifier>>;
  readonly maxItems?: number;
  readonly maxBodyBytes?: number;
}

export interface RewardServer {
  readonly url: string;
  readonly pool: VerifierPool;
  /** Answers what has arrived, then ends. */
  close(): Promise<void>;
}

const DEADLINE_MS = 1000;

/**
 * Starts the reward server. Throws a `UserError` when the address cannot be used, and as `openResources` does for a vision
 * model: folders are the operator's, and no request can name one.
 */
export async function startRewardServer(options: RewardServerOptions = {}): Promise<RewardServer> {
  const { host = '127.0.0.1', port = 8077, modules, token, deadlineMs = DEADLINE_MS } = options;
  const resources: ExecutedResources = options.visionModels ? { visionModels: options.visionModels } : {};
  await openResources(resources);
  const workers = options.workers ?? Math.max(2, availableParallelism());
  const pool = new VerifierPool({
    workers,
    deadlineMs,
    // An endless verifier, and the start of the next worker for it, take what time the others leave.
    niceness: 10,
    // Each of its jobs costs a thread, whose start and end take time from every client of the server.
    overdueShare: 0.1,
    // Other kinds are loaded on first use and, from then on, by every replacement.
    preload: options.preload ?? ['math'],
    resources,
    ...(options.memoryMb !== undefined && { memoryMb: options.memoryMb }),
    ...(options.queueLimit !== undefined && { queueLimit: options.queueLimit }),
  });
  const app = rewardApp({
    pool,
    ...(modules !== undefined && { modules }),
    ...(token !== undefined && { token }),
    maxItems: options.maxItems ?? 10_000,
    maxBodyBytes: options.maxBodyBytes ?? 64 * 1024 * 1024,
    maxDeadlineMs: Math.max(deadlineMs, 60_000),
    concurrency: workers * 16,
  });
  try {
    // A request under way ends by itself: each of its items has a deadline.
    const server = await listen('serve rewards', app.fetch, { host, port, graceMs: Infinity });
    return {
      url: server.url,
      pool,
      async close() {
        await server.close();
        await pool.close();
      },
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}
