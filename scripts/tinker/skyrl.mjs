/**
 * SkyRL's Tinker server (JAX, CPU) beside the local engine, on the same model folder: log-probs of the same tokens, one
 * step down the same gradient, and the quickstart recipe on both. Exits 0 where all agree, 3 without SkyRL.
 *
 * The server trains a low-rank adapter, the local engine all weights: after a step the log-probs have moved by other
 * amounts in the same directions, which is what is compared; and the adapter has a higher learning rate, as adapters need.
 *
 * Options: --model FOLDER --steps 16 (of both runs) --prompts 16 --group 8 --tasks 64 (held out, 4 answers each)
 * --keep FOLDER (where the runs go; default: nowhere)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LocalEngine, readModelOutline, Tokenizer } from '../../packages/engine/dist/index.js';
import { serverModels, Connection, TinkerEngine } from '../../packages/engine/dist/tinker/index.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const CLI = join(REPOSITORY, 'packages/touchstone/bin/touchstone.js');
const LOCAL_RATE = 4e-4;
const ADAPTER_RATE = 1e-3;
const LOG_PROB_TOLERANCE = 1e-3;

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: join(REPOSITORY, 'models/touchstone-base') },
    steps: { type: 'string', default: '16' },
    prompts: { type: 'string', default: '16' },
    group: { type: 'string', default: '8' },
    tasks: { type: 'string', default: '64' },
    keep: { type: 'string' },
  },
});

/** A port that is free now. */
async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The server with its address; its log is shown where it does not start. */
async function startServer(port) {
  const argv = [options.model, '--port', String(port), '--rank', '32'];
  const child = spawn(join(REPOSITORY, 'scripts/skyrl-server.sh'), argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => (log = (log + chunk).slice(-20_000)));
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => text),
    once(child, 'exit').then(([code]) => ({ code })),
  ]);
  if (typeof line === 'string') return { child, url: JSON.parse(line).url };
  console.error(log);
  process.exit(line.code === 3 ? 3 : 1);
}

function sequencesOf(prompts, groups) {
  const sequences = groups.flatMap((group, i) => group.map(({ tokens }) => [...prompts[i], ...tokens]));
  const lengths = groups.flatMap((group, i) => group.map(() => prompts[i].length));
  const offsets = [0];
  for (const { length } of sequences) offsets.push(offsets.at(-1) + length);
  const scored = sequences.flatMap((each, i) => each.map((_, t) => (t < lengths[i] ? 0 : 1)));
  return {
    tokens: Int32Array.from(sequences.flat()),
    offsets: Int32Array.from(offsets),
    scored: Uint8Array.from(scored),
  };
}

const largest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

function cosine(a, b) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Log-probs of the same tokens before and after one step down the gradient of a policy loss. */
async function compareEngines(url) {
  const { info, companions } = await readModelOutline(options.model);
  const tokenizer = Tokenizer.fromFiles(companions, options.model);
  const [{ name }] = await serverModels(new Connection({ baseUrl: url }));
  const local = await LocalEngine.load(options.model, { threads: 1 });
  const remote = await TinkerEngine.connect({
    baseUrl: url,
    baseModel: name,
    model: info,
    lora: { rank: 32, seed: 0 },
  });
  try {
    const prompts = ['123 + 456 =', '8 + 7 =', 'What is 90 + 12?'].map((text) =>
      Int32Array.from(tokenizer.encode(text)),
    );
    const groups = await remote.sample(
      prompts.map((prompt) => ({ prompt, seeds: [1, 2, 3, 4] })),
      { maxNewTokens: 32 },
    );
    const batch = sequencesOf(prompts, groups);
    const [here, there] = [(await local.forward(batch)).logProb, (await remote.forward(batch)).logProb];
    const sampled = Float32Array.from(batch.tokens, () => 0);
    let row = 0;
    for (const [i, group] of groups.entries()) {
      for (const { logProbs } of group) sampled.set(logProbs, batch.offsets[row++] + prompts[i].length);
    }
    // Alternate responses are made likelier and less likely, as advantages of both signs do.
    const signs = groups.flatMap((group) => group.map((_, j) => (j % 2 === 0 ? -1 : 1)));
    const gradient = Float32Array.from(batch.tokens, () => 0);
    for (const [i, sign] of signs.entries()) {
      for (let t = batch.offsets[i]; t < batch.offsets[i + 1]; t++)
        gradient[t] = (sign * batch.scored[t]) / batch.tokens.length;
    }
    for (const [engine, learningRate] of [
      [local, LOCAL_RATE / 4],
      [remote, ADAPTER_RATE / 4],
    ]) {
      await engine.forwardBackward(batch, { logProb: gradient });
      await engine.optimStep({ learningRate });
    }
    const [hereAfter, thereAfter] = [(await local.forward(batch)).logProb, (await remote.forward(batch)).logProb];
    const moved = (after, before) => after.map((value, t) => value - before[t]);
    return {
      tokens: batch.scored.reduce((sum, value) => sum + value, 0),
      facts: remote.facts,
      forwardDifference: largest(here, there),
      samplerDifference: largest(here, sampled),
      cosineOfMoves: cosine(moved(hereAfter, here), moved(thereAfter, there)),
    };
  } finally {
    await remote.dispose();
    await local.dispose();
  }
}

/** The quickstart recipe through the command line. */
async function train(folder, rate, extra) {
  const settings = [
    `rollout.prompts=${options.prompts}`,
    `rollout.group=${options.group}`,
    `optimizer.learningRate=${rate}`,
    'optimizer.warmupSteps=1',
    `evaluation.tasks=${options.tasks}`,
    'evaluation.samples=4',
    'evaluation.every=0',
    'threads=1',
  ];
  const argv = ['train', 'quickstart', '--model', options.model, '--steps', options.steps, '--run', folder, ...extra];
  const started = performance.now();
  const changes = settings.flatMap((each) => ['--set', each]);
  const child = spawn(process.execPath, [CLI, ...argv, ...changes], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`skyrl: touchstone train must end with exit code 0, got ${status}`);
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const [before, after] = [lines[0], lines.at(-1)];
  const error = (line) => (line['eval/accuracyHigh'] - line['eval/accuracyLow']) / 3.92;
  return {
    before: before['eval/accuracy'],
    after: after['eval/accuracy'],
    error: Math.hypot(error(before), error(after)),
    rewards: lines.slice(1).map(({ reward }) => Number(reward.toFixed(3))),
    seconds: Math.round((performance.now() - started) / 1000),
  };
}

function report(name, holds, words) {
  console.log(`${holds ? 'ok    ' : 'FAILED'}  ${name}: ${words}`);
  return holds;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const work = options.keep ?? mkdtempSync(join(tmpdir(), 'touchstone-skyrl-'));
const { child, url } = await startServer(await freePort());
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill() && process.exit(1));
try {
  const same = await compareEngines(url);
  const checks = [
    report(
      'log-probs',
      Math.max(same.forwardDifference, same.samplerDifference) <= LOG_PROB_TOLERANCE,
      `largest difference over ${same.tokens} tokens ${same.forwardDifference.toExponential(1)} by forward, ` +
        `${same.samplerDifference.toExponential(1)} by sampling; allowed ${LOG_PROB_TOLERANCE}`,
    ),
    report(
      'one step',
      same.cosineOfMoves > 0.7,
      `cosine of the moves of the log-probs, adapter beside all weights: ${same.cosineOfMoves.toFixed(3)}; needed 0.7`,
    ),
  ];
  const there = await train(join(work, 'skyrl'), ADAPTER_RATE, ['--engine', 'tinker', '--base-url', url]);
  const here = await train(join(work, 'local'), LOCAL_RATE, []);
  for (const [name, each] of [
    ['SkyRL', there],
    ['local', here],
  ]) {
    const words = `held-out accuracy ${percent(each.before)} to ${percent(each.after)} in ${options.steps} steps, ${each.seconds} s`;
    checks.push(report(name, each.after > each.before, `${words}; rewards ${each.rewards.join(' ')}`));
  }
  const apart = Math.abs(there.after - there.before - (here.after - here.before));
  const noise = Math.hypot(there.error, here.error);
  checks.push(
    report('both rise', apart < 3 * noise, `the rises are ${percent(apart)} apart, standard error ${percent(noise)}`),
  );
  process.exitCode = checks.every(Boolean) ? 0 : 1;
} finally {
  child.kill();
  if (options.keep === undefined) rmSync(work, { recursive: true, force: true });
}
