import { serve, type ServerType } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { VerifierPool, type CustomVerifier, type PoolOptions } from '@touchstone/verify/runner';
import { UserError } from '../errors.js';
import { rewardApp } from './app.js';

export interface RewardServerOptions extends Pick<
  PoolOptions,
  'deadlineMs' | 'memoryMb' | 'queueLimit' | 'workers' | 'preload'
> {
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

/** Starts the reward server. Throws a `UserError` when the address cannot be used. */
export async function startRewardServer(options: RewardServerOptions = {}): Promise<RewardServer> {
  const { host = '127.0.0.1', port = 8077, modules, token, deadlineMs = DEADLINE_MS } = options;
  const workers = options.workers ?? Math.max(2, availableParallelism());
  const pool = new VerifierPool({
    workers,
    deadlineMs,
    // An endless verifier, and the start of the next worker for it, take what time the others leave.
    niceness: 10,
    // Each of its jobs costs a thread, whose start and end take time from every client of the server.
    overdueShare: 0.25,
    // Other kinds are loaded on first use and, from then on, by every replacement.
    preload: options.preload ?? ['math'],
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
    const { server, address } = await listen(app.fetch, host, port);
    const shown = host.includes(':') ? `[${host}]` : host;
    return { url: `http://${shown}:${address.port}`, pool, close: () => shutDown(server, pool) };
  } catch (error) {
    await pool.close();
    throw new UserError(
      `serve rewards: ${host}:${port} must be free to listen on, got ${reasonOf(error)}; choose another --port or --host`,
    );
  }
}

function listen(
  fetch: Parameters<typeof serve>[0]['fetch'],
  hostname: string,
  port: number,
): Promise<{ server: ServerType; address: AddressInfo }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port }, (address) => resolve({ server, address }));
    server.once('error', reject);
  });
}

async function shutDown(server: ServerType, pool: VerifierPool): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
  await pool.close();
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
