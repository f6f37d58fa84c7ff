/**
 * Wall time of one loop through two clients of the Tinker API on the same server, `touchstone serve tinker`: ours and
 * the official Python SDK. A step saves weights for the sampler, samples groups, computes a gradient and applies it with a
 * learning rate of 0, so that every step of both does the same work. The sides alternate, each in a process of its own.
 *
 * Options: --prompts 8 --group 4 --tokens 16 (new, at most) --steps 8 (the first is left out) --rounds 3
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readModelOutline, Tokenizer } from '../packages/engine/dist/index.js';
import { table } from '../scripts/lib/table.mjs';
import { findTinkerPython } from '../scripts/lib/tinker-python.mjs';
import { wholeNumbers } from './options.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const MODEL = here('../models/touchstone-base');
const NAME = 'touchstone-base';

/** The server as a user starts it; resolves with its address once it listens. The SDK leaves its models there. */
async function startServer(state, models) {
  const bounds = ['--max-models', String(models)];
  const options = [
    ...bounds,
    '--model',
    MODEL,
    '--name',
    NAME,
    '--state',
    state,
    '--port',
    '0',
    '--threads',
    '1',
    '--json',
  ];
  const argv = [here('../packages/touchstone/bin/touchstone.js'), 'serve', 'tinker', ...options];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill() && process.exit(1));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, url: JSON.parse(line).url };
}

function side(command, script, plan) {
  const { status, stdout } = spawnSync(command, [script, JSON.stringify(plan)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 24,
  });
  if (status !== 0) throw new Error(`tinker: ${script} must end with exit code 0, got ${status}`);
  const { seconds, tokens } = JSON.parse(stdout.trim().split('\n').at(-1));
  return { seconds: seconds.slice(1), tokens };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function measure({ prompts, group, tokens, steps, rounds }) {
  const { info, companions } = await readModelOutline(MODEL);
  const tokenizer = Tokenizer.fromFiles(companions, MODEL);
  const texts = Array.from({ length: prompts }, (_, i) =>
    Array.from(tokenizer.encode(`${101 + i * 37} + ${59 + i * 11} =`)),
  );
  const state = mkdtempSync(join(tmpdir(), 'touchstone-bench-'));
  const { child, url } = await startServer(state, 2 * rounds);
  const plan = { url, baseModel: NAME, model: info, prompts: texts, group, maxNewTokens: tokens, steps, seed: 1 };
  const { python, missing } = findTinkerPython();
  const result = { ours: [], peer: python === undefined ? undefined : [], missing };
  try {
    for (let round = 0; round < rounds; round++) {
      result.ours.push(side(process.execPath, here('tinker-side.mjs'), plan));
      if (python !== undefined) result.peer.push(side(python, here('tinker-peer.py'), plan));
    }
  } finally {
    child.kill();
    await once(child, 'exit');
    rmSync(state, { recursive: true, force: true });
  }
  return result;
}

export async function run(argv) {
  const options = wholeNumbers(argv, { prompts: 8, group: 4, tokens: 16, steps: 8, rounds: 3 });
  const { ours, peer, missing } = await measure(options);
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: loadavg()[0],
    node: process.version,
  };
  const of = (rounds) => median(rounds.map(({ seconds }) => median(seconds)));
  const ratios = peer?.map(({ seconds }, i) => median(seconds) / median(ours[i].seconds));
  const sides = [['touchstone', ours], ...(peer === undefined ? [] : [['tinker (Python)', peer]])];
  const rows = sides.map(([name, rounds]) => [name, of(rounds).toFixed(3), String(rounds[0].tokens)]);
  const data = { machine, options, ours, peer, ratios, speed: ratios === undefined ? undefined : median(ratios) };
  const page = [
    `One loop on touchstone serve tinker, ${options.prompts} prompts x ${options.group}. ${machine.cpu}, ${machine.cores} cores, ` +
      `load ${machine.load.toFixed(2)}, Node ${machine.node}`,
    table(['client', 's/step', 'tokens'], rows),
    ratios === undefined
      ? `our side alone: ${missing}`
      : `the SDK takes ${median(ratios).toFixed(2)} times our wall time (rounds: ${ratios.map((each) => each.toFixed(2)).join(', ')})`,
  ].join('\n\n');
  return { data, page };
}
