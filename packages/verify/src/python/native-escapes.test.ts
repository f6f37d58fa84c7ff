import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attemptPython } from './escapes.js';
import { nativeEscapes } from './native-escapes.js';
import { NativePythonSandbox, nativePythonStatus } from './native.js';

const status = await nativePythonStatus();
const folder = mkdtempSync(join(tmpdir(), 'touchstone-bait-'));
const server: Server = createServer(() => undefined);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const bait = {
  file: join(folder, 'secret'),
  port: (server.address() as AddressInfo).port,
  socket: `touchstone-bait-${process.pid}`,
  pid: process.pid,
  variable: 'TOUCHSTONE_BAIT',
};
writeFileSync(bait.file, 'secret');
process.env.TOUCHSTONE_BAIT = 'secret';

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** Walls of native Python that this process started: others come and go on the same machine. */
function walled(): string[] {
  const lines = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return lines.filter((pid) => {
    try {
      const parent = readFileSync(`/proc/${pid}/status`, 'latin1').includes(`PPid:\t${process.pid}\n`);
      return parent && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('_main(HARNESS');
    } catch {
      return false;
    }
  });
}

describe.skipIf(!status.works)(`attempts to get out of native Python (${status.detail})`, () => {
  let sandbox: NativePythonSandbox;
  beforeAll(async () => {
    sandbox = await NativePythonSandbox.open({ workers: 1, spares: 1 });
  }, 60_000);

  it.each(nativeEscapes(bait))(
    '$name',
    async (escape) => {
      const { held, seen } = await attemptPython(escape, sandbox);
      expect(held, seen).toBe(true);
    },
    60_000,
  );

  it.each(nativeEscapes(bait).filter(({ source }) => source.includes('ESCAPED')))(
    '$name is not held by a timeout, which would lose its mark',
    ({ held }) => expect(held ?? []).not.toContain('timeout'),
  );

  it('leave no process behind, and the next job finds the wall as it was', async () => {
    const result = await sandbox.run({ language: 'python', files: { 'main.py': 'print("fresh")' } });
    expect(result).toMatchObject({ outcome: 'ok', stdout: 'fresh\n' });
    expect(walled()).not.toEqual([]);
    await sandbox.close();
    expect(walled()).toEqual([]);
  }, 60_000);
});
