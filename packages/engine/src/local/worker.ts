import { parentPort, workerData } from 'node:worker_threads';
import { EngineError } from '../errors.js';
import { EngineHost } from './host.js';
import type { Reply, Request, Verb, WorkerSettings } from './protocol.js';

/** Runs the sessions: `run()` blocks its thread, so the process that serves and verifies has another. */
const port = parentPort;
const host = new EngineHost(workerData as WorkerSettings);
let last: Promise<void> = Promise.resolve();

port?.on('message', (request: Request) => {
  last = last.then(() => answer(request));
});

async function answer({ id, verb, args, reports = false }: Request): Promise<void> {
  let reply: Reply;
  try {
    const verbs = host as unknown as Record<Verb, (...args: readonly unknown[]) => unknown>;
    const report = (progress: unknown) => port?.postMessage({ id, progress } satisfies Reply);
    reply = { id, value: await verbs[verb](...args, ...(reports ? [report] : [])) };
  } catch (error) {
    reply = { id, failure: describe(error) };
  }
  port?.postMessage(reply);
}

function describe(error: unknown): NonNullable<Reply['failure']> {
  if (error instanceof EngineError) return { code: error.code, parts: { ...error.parts, cause: undefined } };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
