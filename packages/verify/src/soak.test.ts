import { expect, test } from 'vitest';
import { soak } from './soak.js';

/** How much more a wall may hold, or take, than at the start: tests share their machine with others. */
const MARGIN = { memory: 1.6, memoryMb: 150, time: 10, timeMs: 2000 };

test('after many jobs, a third of them hostile, the walls are as they were', { timeout: 300_000 }, async () => {
  const { jobs, hostile, wrong, walls } = await soak({ jobs: 60, probes: 5 });
  expect(wrong).toEqual([]);
  expect([jobs, hostile]).toEqual([60, 20]);
  for (const { name, replaced, before, after, fresh } of walls) {
    expect(replaced, name).toBeGreaterThan(0);
    expect(after.residentMb, name).toBeLessThan(before.residentMb * MARGIN.memory + MARGIN.memoryMb);
    expect(after.probeMs, name).toBeLessThan(fresh.probeMs * MARGIN.time + MARGIN.timeMs);
  }
});

test.each([0, -1, 1.5, NaN])('%d jobs are refused', async (jobs) => {
  await expect(soak({ jobs })).rejects.toThrow(/jobs must be a whole number from 1/);
});
