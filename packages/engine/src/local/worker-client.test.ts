import { expect, it } from 'vitest';
import type { WorkerSettings } from './protocol.js';
import { WorkerClient } from './worker-client.js';

it('a call that waits when the worker is ended, and every later one, fails', async () => {
  const client = new WorkerClient({ threads: 1, halves: false });
  const waiting = expect(client.call('load', '/nowhere')).rejects.toThrow(/must not be disposed/);
  await client.terminate();
  await waiting;
  await expect(client.call('load', '/nowhere')).rejects.toThrow(/must not be disposed/);
});

it('a worker that died says why to whoever waits, and to whoever calls later', async () => {
  const client = new WorkerClient(null as unknown as WorkerSettings);
  await expect(client.call('load', '/nowhere')).rejects.toThrow(/threads/);
  await expect(client.call('load', '/nowhere')).rejects.toThrow(/threads/);
});
