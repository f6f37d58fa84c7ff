import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { writeTinyModel } from '../testing/tiny-model.js';

const program = fileURLToPath(new URL('../../bin/touchstone.js', import.meta.url));

type Ending = readonly [code: number | null, signal: NodeJS.Signals | null];

it.skipIf(process.platform === 'win32')('a reader that goes away ends the program without a word', async () => {
  const child = spawn(process.execPath, [program, 'verify', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  expect((await once(child, 'close')) as unknown as Ending).toEqual([null, 'SIGPIPE']);
  expect(stderr).toBe('');
});

it.runIf(existsSync('/dev/full'))('output that cannot be written is one line and exit code 2', async () => {
  const full = await open('/dev/full', 'w');
  const child = spawn(process.execPath, [program, 'verify', '--help'], { stdio: ['ignore', full.fd, 'pipe'] });
  let stderr = '';
  child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, 'close')) as unknown as Ending;
  await full.close();
  expect(stderr).toMatch(/^output: must be written, got ENOSPC.*\n$/);
  expect(code).toBe(2);
});

it.skipIf(process.platform === 'win32')(
  'a second Ctrl-C ends a training run at once, whatever is being computed',
  { timeout: 60_000 },
  async () => {
    const directory = await temporaryFolder();
    await writeTinyModel(join(directory, 'model'));
    const small = ['--set', 'model=model', '--set', 'evaluation.tasks=5000', '--set', 'rollout.prompts=1'];
    const argv = [program, 'train', '--run', 'run', '--json', ...small];
    const child = spawn(process.execPath, argv, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      if (stderr === '') child.kill('SIGINT');
      stderr += text.toString();
    });
    // The first event: sampling of the held-out tasks is under way from now on.
    child.stdout.once('data', () => child.kill('SIGINT'));
    expect((await once(child, 'close')) as unknown as Ending).toEqual([null, 'SIGINT']);
    expect(stderr).toBe('note: stopping after this step; press Ctrl-C again to quit at once\n');
  },
);
