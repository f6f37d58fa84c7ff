import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { SandboxClosedError, SandboxPool, type SandboxPoolOptions } from './pool.js';
import { permissionFlag } from './permissions.js';

/** A backend that evaluates its job; only a test would. */
const source = `
  let jobs = 0, kept = [], dirty = false, setup = null;
  export const prepare = async (given) => { setup = given; };
  export const reusable = () => !dirty;
  const tools = {
    count: () => ++jobs,
    loop: () => { for (;;); },
    never: () => new Promise(() => {}),
    busy: (ms) => { const end = Date.now() + ms; while (Date.now() < end); return ms; },
    hog: () => { for (;;) kept.push(new Uint8Array(1 << 20).fill(1)); },
    heap: () => { for (;;) kept.push(new Array(1e5).fill(kept.length)); },
    hold: (mb) => { kept.push(new Uint8Array(mb << 20).fill(1)); return ++jobs; },
    soil: () => { dirty = true; return ++jobs; },
    throws: () => { throw new Error('broken backend'); },
    exits: () => process.exit(7),
    environment: () => Object.keys(process.env),
    pid: () => process.pid,
    setup: () => [typeof setup, setup],
    read: async (path) => { try { return String((await import('node:fs')).readFileSync(path)).length; } catch (e) { return e.code; } },
    write: async (path) => { try { (await import('node:fs')).writeFileSync(path, ''); return 'written'; } catch (e) { return e.code; } },
    shell: async () => { try { return (await import('node:child_process')).spawnSync('/bin/true').status; } catch (e) { return e.code; } },
    thread: async () => { try { new (await import('node:worker_threads')).Worker('1', { eval: true }); return 'started'; } catch (e) { return e.code; } },
    realm: () => [typeof fetch, typeof process.binding('spawn_sync').spawn, typeof process.dlopen, typeof process.kill, typeof process.send],
    native: () => () => 1,
  };
  tools.parts = (many, ms, note) => { for (let i = 0; i < many; i++) { tools.busy(ms); note(i); } tools.loop(); };
  export const run = ([name, ...args], limits, note) => tools[name](...args, note);
`;
const backend = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
type Job = readonly [string, ...unknown[]];

const open: SandboxPool<Job, unknown>[] = [];
function pool(options: SandboxPoolOptions = {}): SandboxPool<Job, unknown> {
  const made = new SandboxPool<Job, unknown>(backend, { workers: 1, spares: 0, ...options });
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean, ms = 20_000): Promise<boolean> {
  const end = performance.now() + ms;
  while (!condition() && performance.now() < end) await sleep(20);
  return condition();
}

describe('SandboxPool', () => {
  it('runs jobs in one process, in the order in which they came', async () => {
    const one = pool();
    const reports = await Promise.all(Array.from({ length: 5 }, () => one.run(['count'])));
    expect(reports.map((each) => each.ended === 'finished' && each.value)).toEqual([1, 2, 3, 4, 5]);
    expect(one.state).toMatchObject({ waiting: 0, running: 0, processes: 1, replaced: 0 });
  });

  it('prepares every process with what it was made with', async () => {
    const setup = { path: '/a b/"c"', list: [1, null] };
    const one = pool({ setup, jobsPerProcess: 1 });
    for (const round of [1, 2]) {
      const report = await one.run(['setup']);
      expect(report.ended === 'finished' && report.value, `round ${round}`).toEqual(['object', setup]);
    }
    const bare = await pool().run(['setup']);
    expect(bare.ended === 'finished' && bare.value).toEqual(['undefined', undefined]);
  });

  it('uses as many processes as there are workers', async () => {
    const two = pool({ workers: 2 });
    await two.warm();
    const pids = await Promise.all([two.run(['pid']), two.run(['pid'])]);
    expect(new Set(pids.map((each) => each.ended === 'finished' && each.value)).size).toBe(2);
  });

  it.each(['loop', 'never'])('kills %s at its deadline; the next job runs on the spare', async (name) => {
    const one = pool({ spares: 1 });
    await one.warm();
    const started = performance.now();
    const killed = await one.run([name], { wallMs: 200 });
    const after = performance.now() - started;
    expect(killed).toMatchObject({ ended: 'timeout', detail: 'stopped after its limit of 200 ms' });
    expect(after).toBeGreaterThanOrEqual(199);
    expect(after).toBeLessThan(20_000);
    expect(await one.run(['count'])).toMatchObject({ ended: 'finished', value: 1 });
    expect(one.state.replaced).toBe(1);
  });

  it.runIf(process.platform === 'linux')('kills a job that holds too much memory outside of the heap', async () => {
    const report = await pool().run(['hog'], { memoryMb: 64, wallMs: 20_000 });
    expect(report.ended).toBe('memory');
    expect(report.peakMemoryMb).toBeGreaterThan(64);
    expect(report.peakMemoryMb).toBeLessThan(1024);
  });

  it('a full heap is memory, not a crash', async () => {
    const report = await pool({ heapMb: 32 }).run(['heap'], { memoryMb: 4096, wallMs: 20_000 });
    expect(report.ended).toBe('memory');
  });

  it('tells the crash of a process and of a backend, and goes on', async () => {
    const one = pool();
    expect(await one.run(['exits'])).toMatchObject({ ended: 'crashed', detail: 'the process ended with code 7' });
    expect(await one.run(['throws'])).toMatchObject({ ended: 'crashed', detail: 'Error: broken backend' });
    expect(await one.run(['native'])).toMatchObject({ ended: 'crashed' });
    expect(await one.run(['count'])).toMatchObject({ ended: 'finished', value: 1 });
  });

  it('gives each job a fresh process when asked', async () => {
    const fresh = pool({ jobsPerProcess: 1, spares: 1 });
    for (let i = 0; i < 3; i++) expect(await fresh.run(['count'])).toMatchObject({ ended: 'finished', value: 1 });
  });

  it('replaces a process that is not clean, or that keeps too much', async () => {
    const one = pool({ retainedMb: 48 });
    expect(await one.run(['count'])).toMatchObject({ value: 1 });
    expect(await one.run(['soil'])).toMatchObject({ value: 2 });
    expect(await one.run(['count'])).toMatchObject({ value: 1 });
    if (process.platform !== 'linux') return;
    expect(await one.run(['hold', 96])).toMatchObject({ value: 2 });
    expect(await one.run(['count'])).toMatchObject({ value: 1 });
  });

  it('keeps what a job sent ahead, and gives each part its own time', async () => {
    const report = await pool().run(['parts', 4, 400], { wallMs: 1200 });
    expect(report).toMatchObject({ ended: 'timeout', notes: [0, 1, 2, 3] });
    expect(report.elapsedMs).toBeGreaterThan(4 * 400 + 1100);
  });

  it('ends a job of many parts when the time of the whole is over', async () => {
    const report = await pool().run(['parts', 20, 100], { wallMs: 5000, totalMs: 600 });
    expect(report).toMatchObject({ ended: 'timeout', detail: 'stopped after its limit of 600 ms for the whole job' });
    const { notes } = report as { notes: readonly unknown[] };
    expect(notes.length).toBeGreaterThan(0);
    expect(notes.length).toBeLessThan(7);
  });

  it('a job that cannot be sent is crashed, whoever was before it, and the next ones run', async () => {
    const one = pool();
    const before = one.run(['busy', 100]);
    const odd = one.run(['count', () => 1]);
    const after = one.run(['count']);
    expect(await before).toMatchObject({ ended: 'finished' });
    expect(await odd).toMatchObject({
      ended: 'crashed',
      detail: expect.stringContaining('could not be cloned') as string,
    });
    expect(await after).toMatchObject({ ended: 'finished', value: 1 });
  });

  it('a job under way or waiting can be given up', async () => {
    const one = pool();
    const running = one.run(['loop'], { wallMs: 60_000 }, AbortSignal.timeout(300));
    const control = new AbortController();
    const waiting = one.run(['count'], {}, control.signal);
    control.abort(new Error('no longer needed'));
    const next = one.run(['count']);
    await expect(waiting).rejects.toThrow('no longer needed');
    await expect(running).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await next).toMatchObject({ ended: 'finished', value: 1 });
    await expect(one.run(['count'], {}, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });

  it('close ends what waits and runs, and its processes', async () => {
    const one = pool();
    await one.warm();
    const { pids } = one.state;
    const held = [one.run(['loop'], { wallMs: 60_000 }), one.run(['count'])];
    await one.close();
    for (const report of await Promise.all(held))
      expect(report).toMatchObject({ ended: 'crashed', detail: 'pool closed' });
    expect(pids.some(isAlive)).toBe(false);
    await expect(one.run(['count'])).rejects.toBeInstanceOf(SandboxClosedError);
  });

  it('says why a backend does not start', async () => {
    const broken = new SandboxPool<Job, unknown>(new URL('data:text/javascript,throw new Error("no such package")'));
    open.push(broken);
    expect(await broken.run(['count'])).toMatchObject({
      ended: 'crashed',
      detail: expect.stringContaining('no such package') as string,
    });
  });

  it('refuses limits that are not positive', async () => {
    await expect(pool().run(['count'], { wallMs: 0 })).rejects.toThrow(/wallMs must be a positive number, got 0/);
    expect(() => pool({ workers: 0 })).toThrow(/workers must be a positive number, got 0/);
  });

  it('a busy host does not turn a finished job into a timeout', async () => {
    const one = pool();
    await one.warm();
    const job = one.run(['busy', 20], { wallMs: 1000 });
    await sleep(5);
    const end = performance.now() + 1500;
    while (performance.now() < end);
    expect(await job).toMatchObject({ ended: 'finished', value: 20 });
  });

  it('a busy host reads the parts that came before it ends a job', async () => {
    const one = pool();
    await one.warm();
    const job = one.run(['parts', 3, 300], { wallMs: 1000 });
    await sleep(5);
    const end = performance.now() + 1500;
    while (performance.now() < end);
    const report = await job;
    expect(report).toMatchObject({ ended: 'timeout', notes: [0, 1, 2] });
    expect(report.elapsedMs).toBeGreaterThan(2300);
  });
});

describe('a sandbox process', () => {
  it('has an empty environment and a realm without ways out', async () => {
    const one = pool();
    expect(await one.run(['environment'])).toMatchObject({ value: [] });
    expect(await one.run(['realm'])).toMatchObject({ value: Array.from({ length: 5 }, () => 'undefined') });
  });

  it.runIf(permissionFlag() !== null)('reads only its own files, writes none, starts nothing', async () => {
    const one = pool();
    const denied = { ended: 'finished', value: 'ERR_ACCESS_DENIED' };
    for (const path of ['/etc/passwd', '/proc/self/environ', fileURLToPath(import.meta.url)]) {
      expect(await one.run(['read', path])).toMatchObject(denied);
    }
    expect(await one.run(['write', '/tmp/touchstone-escape'])).toMatchObject(denied);
    expect(await one.run(['shell'])).toMatchObject(denied);
    expect(await one.run(['thread'])).toMatchObject(denied);
  });
});

const script = (body: string): string => `
  import { SandboxPool } from ${JSON.stringify(new URL('../../dist/sandbox/index.js', import.meta.url).href)};
  const pool = new SandboxPool(new URL(${JSON.stringify(backend.href)}), { workers: 1, spares: 1 });
  ${body}`;

describe('the process that owns a pool', () => {
  it('exits while the pool is idle, and not while a job runs', async () => {
    const body = `console.log((await pool.run(['busy', 300])).value); await pool.warm(); console.log('idle');`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(body)], {
      timeout: 60_000,
    });
    expect(stdout.split('\n')).toEqual(['300', 'idle', '']);
  });

  it.runIf(process.platform !== 'win32').each(['SIGKILL', 'SIGINT'] as const)(
    'takes its children with it when it ends by %s, even those in an endless loop',
    async (signal) => {
      const body = `await pool.warm(); pool.run(['loop'], { wallMs: 1e6 }); console.log(pool.state.pids.join(' '));`;
      const owner = spawn(process.execPath, ['--input-type=module', '-e', script(body)]);
      let said = '';
      owner.stdout.on('data', (text: Buffer) => (said += text.toString()));
      expect(await until(() => said.includes('\n'))).toBe(true);
      const pids = said.trim().split(' ').map(Number);
      expect(pids).toHaveLength(2);
      expect(pids.every(isAlive)).toBe(true);
      owner.kill(signal);
      expect(await until(() => !pids.some(runs))).toBe(true);
    },
  );
});

/** Whether a process runs: one that has ended and that nobody has waited for does not. */
function runs(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  if (!isAlive(pid)) return false;
  return !existsSync(stat) || !/\) [ZX] /.test(readFileSync(stat, 'latin1'));
}
