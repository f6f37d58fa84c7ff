import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { writeTinyModel } from '../testing/tiny-model.js';

const program = fileURLToPath(new URL('../../bin/touchstone.js', import.meta.url));

/** Every reward differs, so that a model of random weights has something to learn from. */
const module = (objective: string) => `
export const recipe = {
  name: 'tiny',
  model: 'model',
  steps: 5,
  threads: 2,
  task: { name: 'addition', level: 'easy' },
  rollout: { prompts: 2, group: 4, maxNewTokens: 12 },
  objective: ${objective},
  filter: { name: 'none' },
  update: { minibatches: 2 },
  optimizer: { learningRate: 0.01 },
  evaluation: { tasks: 2, samples: 2, every: 2 },
};
export const stages = () => ({
  reward: async (groups) =>
    groups.map(({ rollouts }) =>
      rollouts.map(({ tokens }) => ({ total: tokens.reduce((sum, token) => sum + (token % 7), 0) / tokens.length, parts: {} })),
    ),
});`;

/** Runs the command line in a process of its own; kills it `delay` ms after `lines` lines of metrics are there. */
async function runUntil(directory: string, argv: readonly string[], run: string, lines: number, delay: number) {
  const child = spawn(process.execPath, [program, ...argv], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  let done = false;
  void exit.then(() => (done = true));
  const metrics = join(directory, run, 'metrics.jsonl');
  const count = async () => (existsSync(metrics) ? (await readFile(metrics, 'utf8')).split('\n').length - 1 : 0);
  while (!done && (await count()) < lines) await setTimeout(2);
  await Promise.race([setTimeout(delay), exit]);
  child.kill('SIGKILL');
  return (await exit)[0];
}

it.each([
  ['GRPO with a reference', `{ name: 'grpo', klCoef: 0.05 }`],
  ['PPO with a value head', `{ name: 'ppo' }`],
])(
  'kill -9 and --resume of %s: the metrics are those of an uninterrupted run, byte for byte',
  async (_, objective) => {
    const directory = await temporaryFolder();
    await writeTinyModel(join(directory, 'model'));
    await writeFile(join(directory, 'tiny.mjs'), module(objective));
    expect(await runUntil(directory, ['train', 'tiny.mjs', '--run', 'whole'], 'whole', Infinity, 0)).toBe(0);
    expect(await runUntil(directory, ['train', 'tiny.mjs', '--run', 'killed'], 'killed', 3, 5)).toBeNull();
    expect(await runUntil(directory, ['train', '--resume', 'killed'], 'killed', 4, 20)).toBeNull();
    expect(await runUntil(directory, ['train', '--resume', 'killed'], 'killed', Infinity, 0)).toBe(0);
    const [whole, killed] = await Promise.all(
      ['whole', 'killed'].map((run) => readFile(join(directory, run, 'metrics.jsonl'), 'utf8')),
    );
    expect(killed).toBe(whole);
    const steps = (whole ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number>);
    expect(steps.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    for (const { updates, gradNorm } of steps.slice(1)) {
      expect(updates).toBe(2);
      expect(gradNorm).toBeGreaterThan(0);
    }
  },
  120_000,
);
