import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Job } from './job.js';
import { VerifierPool, type PoolOptions } from './pool.js';

const source = `
  export const equal = (response, reference) => response === reference;
  export const half = async () => 0.5;
  export const loop = () => { for (;;); };
  export const regex = () => /^(a+)+$/.test('a'.repeat(64) + '!');
  export const power = () => 9n ** (9n ** 9n) > 0n;
  export const blocked = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  export const never = () => new Promise(() => {});
  export const hog = () => { const kept = []; for (;;) kept.push(new Array(1e5).fill(kept.length)); };
  export const exits = () => process.exit(7);
  export const throws = () => { throw new Error('broken verifier'); };
  export const nothing = () => undefined;
  export const busy = (response) => { const end = Date.now() + Number(response); while (Date.now() < end); return true; };
`;
const module = `data:text/javascript,${encodeURIComponent(source)}`;

function job(name: string, response = 'a', reference: unknown = 'a', deadlineMs?: number): Job {
  return { verifier: { module, export: name }, response, reference, ...(deadlineMs !== undefined && { deadlineMs }) };
}

const open: VerifierPool[] = [];
function pool(options: PoolOptions = {}): VerifierPool {
  const made = new VerifierPool({ workers: 1, ...options });
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

describe('VerifierPool', () => {
  it('judges, and returns verdicts in the order of the jobs', async () => {
    const verdicts = await pool({ workers: 2 }).runAll(
      Array.from({ length: 60 }, (_, i) =>
        i % 3 === 0 ? job('busy', '2') : job('equal', 'a', i % 3 === 1 ? 'a' : 'b'),
      ),
    );
    expect(verdicts.map((verdict) => verdict.outcome)).toEqual(
      Array.from({ length: 60 }, (_, i) => (i % 3 === 2 ? 'incorrect' : 'correct')),
    );
  });

  it('takes booleans, numbers and promises from a custom verifier', async () => {
    const one = pool();
    expect(await one.run(job('equal'))).toMatchObject({ outcome: 'correct', reason: 'accepted' });
    expect(await one.run(job('half'))).toMatchObject({ outcome: 'incorrect', score: 0.5 });
    expect(await one.run(job('nothing'))).toMatchObject({ outcome: 'crashed', reason: 'no-verdict' });
  });

  it.each(['loop', 'regex', 'power', 'blocked', 'never'])(
    'kills %s at its deadline; the next job runs at once',
    async (name) => {
      const one = pool({ deadlineMs: 100 });
      await one.run(job('equal'));
      await sleep(150); // the spare warms up
      const started = performance.now();
      const killed = await one.run(job(name));
      const killedAfter = performance.now() - started;
      const next = await one.run(job('equal', 'a', 'a', 5000));
      const nextAfter = performance.now() - started - killedAfter;
      expect(killed).toMatchObject({ outcome: 'timeout', reason: 'deadline' });
      expect(killed.elapsedMs).toBeGreaterThanOrEqual(100);
      // Measured: about 4 ms past the deadline and 8 ms for the next job; the margins are for loaded machines.
      expect(killedAfter).toBeLessThan(100 + 250);
      expect(next.outcome).toBe('correct');
      expect(nextAfter).toBeLessThan(400);
    },
  );

  it('a killer delays only the worker that holds it', async () => {
    const two = pool({ workers: 2, deadlineMs: 60_000 });
    await two.runAll([job('equal'), job('equal')]);
    const stop = new AbortController();
    const killer = two.run(job('loop'), stop.signal);
    const rounds: number[] = [];
    for (let round = 0; round < 5; round++) {
      const started = performance.now();
      const verdicts = await two.runAll(Array.from({ length: 20 }, () => job('equal')));
      rounds.push(performance.now() - started);
      expect(verdicts.every((verdict) => verdict.outcome === 'correct')).toBe(true);
      expect(two.state.running).toBe(1);
    }
    // The best of some rounds: other work on the machine slows a round, a killer in the way would stop them all.
    expect(Math.min(...rounds)).toBeLessThan(300);
    stop.abort(new Error('enough'));
    await expect(killer).rejects.toThrow('enough');
  });

  it('a module that never returns takes no worker from the registered kinds', async () => {
    const one = pool({ deadlineMs: 60_000 });
    const exact: Job = { verifier: 'exact', response: '4', reference: '4' };
    await one.runAll([exact, job('equal')]);
    const stop = new AbortController();
    const killer = one.run(job('loop'), stop.signal);
    const verdicts = await one.runAll(Array.from({ length: 200 }, () => exact));
    expect(verdicts.every(({ outcome }) => outcome === 'correct')).toBe(true);
    stop.abort(new Error('enough'));
    await expect(killer).rejects.toThrow('enough');
  });

  it('survives a run of killers without losing a job', async () => {
    const two = pool({ workers: 2, deadlineMs: 30 });
    const jobs = Array.from({ length: 30 }, (_, i) => (i % 5 === 0 ? job('loop') : job('equal', 'a', 'a', 5000)));
    const verdicts = await two.runAll(jobs);
    expect(verdicts.map((verdict) => verdict.outcome)).toEqual(
      jobs.map((_, i) => (i % 5 === 0 ? 'timeout' : 'correct')),
    );
    expect(verdicts.every((verdict) => verdict.elapsedMs < 1000)).toBe(true);
    expect(two.state).toMatchObject({ waiting: 0, running: 0 });
    expect(two.state.replaced).toBe(6);
  });

  it('a verifier that only runs out of time rests between its jobs; others do not wait for it', async () => {
    const one = pool({ deadlineMs: 20, overdueShare: 0.1 });
    const killers = Array.from({ length: 5 }, () => one.run(job('loop')));
    await Promise.all(killers.slice(0, 3));
    const fourth = performance.now();
    expect((await one.run(job('equal', 'a', 'a', 5000))).outcome).toBe('correct');
    expect(performance.now() - fourth).toBeLessThan(150);
    expect((await Promise.all(killers)).every(({ outcome }) => outcome === 'timeout')).toBe(true);
    // Two rests of 180 ms each.
    expect(performance.now() - fourth).toBeGreaterThan(300);
  });

  it('a verifier that judges again rests no more', async () => {
    const one = pool({ deadlineMs: 20, overdueShare: 0.01 });
    const slow = (response: string): Job => job('busy', response);
    for (let i = 0; i < 3; i++) expect((await one.run(slow('60'))).outcome).toBe('timeout');
    expect((await one.run({ ...slow('1'), deadlineMs: 5000 })).outcome).toBe('correct');
    const started = performance.now();
    expect((await one.run({ ...slow('1'), deadlineMs: 5000 })).outcome).toBe('correct');
    expect(performance.now() - started).toBeLessThan(200);
  });

  it('a deadline that passes while the worker still starts is met as soon as the job runs', async () => {
    const started = performance.now();
    expect((await pool({ deadlineMs: 5 }).run(job('loop'))).reason).toBe('deadline');
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('a busy host thread does not turn a finished job into a timeout', async () => {
    const one = pool({ deadlineMs: 40 });
    await one.run(job('equal'));
    const pending = one.run(job('busy', '5'));
    await sleep(1);
    const end = performance.now() + 150;
    while (performance.now() < end);
    expect((await pending).outcome).toBe('correct');
  });

  it.each([
    ['throws', 'threw', 'broken verifier'],
    ['exits', 'worker-exited', 'code 7'],
    ['missing', 'module-not-loaded', 'must export the function missing'],
  ])('%s is crashed with the reason %s, and the next job is judged', async (name, reason, words) => {
    const one = pool();
    const verdict = await one.run(job(name));
    expect(verdict).toMatchObject({ outcome: 'crashed', reason });
    expect(verdict.feedback).toContain(words);
    expect((await one.run(job('equal'))).outcome).toBe('correct');
  });

  it('bounds the heap of a worker', async () => {
    const one = pool({ memoryMb: 32, deadlineMs: 20_000 });
    expect(await one.run(job('hog'))).toMatchObject({ outcome: 'crashed', reason: 'out-of-memory' });
    expect((await one.run(job('equal'))).outcome).toBe('correct');
  });

  it('refuses what its queue does not hold', async () => {
    const one = pool({ queueLimit: 2, deadlineMs: 5000 });
    await one.run(job('equal'));
    const held = [one.run(job('busy', '50')), one.run(job('equal')), one.run(job('equal'))];
    await expect(one.run(job('equal'))).rejects.toThrow(/at most 2 jobs may wait/);
    expect((await Promise.all(held)).every((verdict) => verdict.outcome === 'correct')).toBe(true);
  });

  it('a failure in a list of jobs stops the rest of it', async () => {
    const one = pool();
    const stop = new AbortController();
    let taken = 0;
    function* jobs(): Generator<Job> {
      for (; taken < 50; taken++) {
        if (taken === 5) stop.abort(new Error('enough'));
        yield job('equal');
      }
    }
    await expect(one.runAll(jobs(), { signal: stop.signal, concurrency: 2 })).rejects.toThrow('enough');
    await sleep(30);
    expect(taken).toBeLessThan(8);
  });

  it('cancels a waiting and a running job; the others go on', async () => {
    const one = pool({ deadlineMs: 60_000 });
    await one.run(job('equal'));
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = one.run(job('loop'), running.signal);
    const second = one.run(job('equal'), waiting.signal);
    const third = one.run(job('equal'));
    waiting.abort(new Error('not wanted'));
    running.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    await expect(second).rejects.toThrow('not wanted');
    expect((await third).outcome).toBe('correct');
  });

  it('closing settles what was under way', async () => {
    const one = pool({ deadlineMs: 60_000 });
    const pending = [one.run(job('loop')), one.run(job('equal'))];
    await one.close();
    for (const verdict of await Promise.all(pending))
      expect(verdict).toMatchObject({ outcome: 'crashed', reason: 'pool-closed' });
    await expect(one.run(job('equal'))).rejects.toThrow(/must be open/);
  });

  it('a job that cannot cross threads is crashed, not lost', async () => {
    expect(await pool().run(job('equal', 'a', () => 1))).toMatchObject({ outcome: 'crashed', reason: 'not-cloneable' });
  });

  it('a verifier that never loads is given up', async () => {
    const hanging = `data:text/javascript,${encodeURIComponent('for (;;);')}`;
    const one = pool({ loadMs: 400 });
    const verdict = await one.run({ verifier: { module: hanging, export: 'any' }, response: '', reference: '' });
    expect(verdict).toMatchObject({ outcome: 'timeout', reason: 'load-deadline' });
    expect((await one.run(job('equal'))).outcome).toBe('correct');
  });

  it('workers that cannot start are given up after a few attempts', async () => {
    const one = pool({ memoryMb: 0.01 });
    expect(await one.run(job('equal'))).toMatchObject({ outcome: 'crashed' });
    expect(await one.run(job('equal'))).toMatchObject({ outcome: 'crashed' });
  });

  it('refuses impossible options', () => {
    expect(() => new VerifierPool({ workers: 0 })).toThrow(/workers must be a positive number, got 0/);
    expect(() => new VerifierPool({ overdueShare: 0 })).toThrow(/overdueShare must be above 0 and at most 1, got 0/);
    expect(() => new VerifierPool({ niceness: -1 })).toThrow(/niceness must be a whole number from 0 to 19, got -1/);
  });
});
