import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { toyRecipe, toyRequest } from '../testing/toy-run.js';
import { train } from './train.js';

const program = fileURLToPath(new URL('../../dist/testing/toy-process.js', import.meta.url));

/** Runs or resumes until `lines` lines of metrics are there, then `delay` ms more, then kills. True once the run is done. */
async function runUntil(folder: string, lines: number, delay: number): Promise<boolean> {
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(child, 'exit');
  let done = false;
  void exit.then(() => (done = true));
  while (!done && (await linesIn(folder)) < lines) await setTimeout(1);
  await Promise.race([setTimeout(delay), exit]);
  child.kill('SIGKILL');
  const [code] = (await exit) as [number | null];
  return code === 0;
}

async function linesIn(folder: string): Promise<number> {
  const file = join(folder, 'metrics.jsonl');
  return existsSync(file) ? (await readFile(file, 'utf8')).split('\n').length - 1 : 0;
}

it('a run killed again and again ends with the metrics of a run that was never killed, byte for byte', async () => {
  const root = await temporaryFolder();
  await train(await toyRequest(join(root, 'whole'), toyRecipe({ steps: 30 })));
  const folder = join(root, 'killed');
  let kills = 0;
  for (const [lines, delay] of [
    [2, 3],
    [14, 0],
    [24, 7],
  ] as const) {
    if (!(await runUntil(folder, lines, delay))) kills++;
  }
  expect(kills).toBeGreaterThanOrEqual(2);
  expect(await runUntil(folder, Infinity, 0)).toBe(true);
  const [killed, whole] = await Promise.all(
    [folder, join(root, 'whole')].map((run) => readFile(join(run, 'metrics.jsonl'))),
  );
  expect(killed?.equals(whole as Buffer)).toBe(true);
}, 60_000);
