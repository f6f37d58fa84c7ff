import { expect, it } from 'vitest';
import { WorkerClient } from './worker-client.js';

it('a call that waits when the worker ends, and every later one, fails', async () => {
  const client = new WorkerClient({ threads: 1, halves: false });
  const waiting = expect(client.call('load', '/nowhere')).rejects.toThrow();
  await client.terminate();
  await waiting;
  await expect(client.call('load', '/nowhere')).rejects.toThrow(/must not be disposed/);
});
