import { describe, expect, test } from 'vitest';
import type { SandboxReport } from './backend.js';
import { ReferenceRuns } from './reference-runs.js';
import { Shared } from './shared.js';
import { unfinished } from './unfinished.js';

const finished = (value: string): SandboxReport<string> => ({
  ended: 'finished',
  value,
  elapsedMs: 1,
  peakMemoryMb: 1,
});
const killed = (ended: 'timeout' | 'memory' | 'crashed') =>
  ({ ended, detail: 'killed', notes: [], elapsedMs: 1, peakMemoryMb: 1 }) as const;

describe('ReferenceRuns', () => {
  const isGood = ({ ended }: SandboxReport<string>): boolean => ended === 'finished';

  test('runs a reference once for all who ask, and again where it did not end well', async () => {
    const runs = new ReferenceRuns<string>();
    let ran = 0;
    const get = (outcome: () => Promise<SandboxReport<string>>) =>
      runs.get('key', () => ((ran += 1), outcome()), isGood);
    await get(() => Promise.resolve(killed('timeout')));
    await expect(get(() => Promise.reject(new Error('closed')))).rejects.toThrow('closed');
    expect(ran).toBe(2);
    const good = () => Promise.resolve(finished('a'));
    expect(await Promise.all([get(good), get(good)])).toEqual([finished('a'), finished('a')]);
    expect(ran).toBe(3);
  });

  test('forgets the oldest of more than 64', async () => {
    const runs = new ReferenceRuns<string>();
    const ran: string[] = [];
    const get = (key: string) => runs.get(key, () => (ran.push(key), Promise.resolve(finished(key))), isGood);
    for (let key = 0; key <= 64; key++) await get(String(key));
    await get('64');
    expect(ran).toHaveLength(65);
    await get('0');
    expect(ran).toHaveLength(66);
  });
});

test('shared processes are made on first use, closed once, and made anew after that', async () => {
  const closed: number[] = [];
  let made = 0;
  const shared = new Shared(() => {
    const own = (made += 1);
    return { own, close: () => Promise.resolve(void closed.push(own)) };
  });
  await shared.close();
  expect(made).toBe(0);
  expect([shared.get().own, shared.get().own]).toEqual([1, 1]);
  await Promise.all([shared.close(), shared.close()]);
  expect(shared.get().own).toBe(2);
  expect(closed).toEqual([1]);
});

test('a job that was ended judges nobody', () => {
  expect(unfinished(killed('timeout'), 50, 'x')).toMatchObject({ outcome: 'timeout', extracted: 'x' });
  expect(unfinished(killed('memory'), 50, 'x')).toMatchObject({ outcome: 'crashed', reason: 'memory' });
  expect(unfinished(killed('crashed'), 50, 'x')).toMatchObject({ reason: 'sandbox', feedback: 'killed' });
});
