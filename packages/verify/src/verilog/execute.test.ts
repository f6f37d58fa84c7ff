import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { execute } from './execute.js';

let folder: string;

/** A driver that starts a pass and waits for it, as iverilog does; the pass tells its number and never ends by itself. */
const DRIVER = `#!/bin/sh
/bin/sh -c 'echo $$ > pass; while :; do /bin/sleep 1; done' > /dev/null 2>&1 &
echo started
`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'touchstone-execute-'));
  for (const [name, end] of Object.entries({ waits: 'wait', leaves: 'while [ ! -s pass ]; do /bin/sleep 0.1; done' })) {
    await writeFile(join(folder, name), `${DRIVER}${end}\n`);
    await chmod(join(folder, name), 0o755);
  }
  // Bubblewrap is not found there, and ends all by itself where it is.
  vi.stubEnv('PATH', folder);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** The number of the pass, once it runs. */
async function pass(): Promise<number> {
  return await vi.waitFor(
    async () => {
      const pid = Number(await readFile(join(folder, 'pass'), 'utf8'));
      expect(pid).toBeGreaterThan(0);
      return pid;
    },
    { timeout: 30_000 },
  );
}

async function isGone(pid: number): Promise<void> {
  // A process that has ended and that nobody has waited for has no memory any more, which shows on Linux only.
  const zombie = async () => / [ZX] /.test(await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''));
  await vi.waitFor(
    async () => {
      if (await zombie()) return;
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    },
    { timeout: 30_000 },
  );
}

describe.skipIf(process.platform === 'win32')('no process of a simulator is left', { timeout: 90_000 }, () => {
  test('when its time is over', async () => {
    const running = execute(['waits'], folder, 3000, undefined);
    const pid = await pass();
    expect(await running).toMatchObject({ ok: false, overdue: true, output: 'started\n\n', wall: 'limits' });
    await isGone(pid);
  });

  test('when it is given up', async () => {
    const ending = new AbortController();
    const running = execute(['waits'], folder, 60_000, ending.signal);
    const pid = await pass();
    ending.abort();
    expect(await running).toMatchObject({ ok: false, overdue: false, flooded: false });
    await isGone(pid);
    expect(await execute(['waits'], folder, 60_000, ending.signal)).toMatchObject({ ok: false });
  });

  test('when it ends before what it started', async () => {
    const { ok, output } = await execute(['leaves'], folder, 60_000, undefined);
    expect([ok, output]).toEqual([true, 'started\n\n']);
    await isGone(await pass());
  });

  test.each(['SIGKILL', 'SIGINT'] as const)('when this process ends by %s', async (signal) => {
    const module = new URL('../../dist/verilog/execute.js', import.meta.url).href;
    const script = `import { execute } from ${JSON.stringify(module)};
      await execute(['waits'], ${JSON.stringify(folder)}, 60000, undefined);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    const pid = await pass();
    owner.kill(signal);
    await once(owner, 'exit');
    await isGone(pid);
  });
});

test.runIf(process.platform === 'linux')('a simulator has limits of memory, time and file size', async () => {
  const { output } = await execute(['/bin/sh', '-c', 'ulimit -v; ulimit -t; ulimit -f'], folder, 60_000, undefined);
  expect(output.trim().split('\n')).toEqual(['1048576', '120', '65536']);
});

test('a program that is not there, or that fails, is told from one that ends well', async () => {
  expect(await execute(['nothing-of-this-name'], folder, 60_000, undefined)).toMatchObject({ ok: false });
  expect(await execute(['nothing'], join(folder, 'nowhere'), 60_000, undefined)).toMatchObject({ ok: false });
});
