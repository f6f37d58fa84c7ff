import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runBounded } from '../lib/bounded.mjs';
import { progress, report } from './skyrl-report.mjs';

const CLI = fileURLToPath(new URL('../../packages/touchstone/bin/touchstone.js', import.meta.url));
/** An adapter has a higher learning rate than all weights, as adapters need. */
const RATES = { SkyRL: 1e-3, local: 4e-4 };
/** Half of the recipe's budget is room for almost every answer, and half the time of a server that pads to it. */
export const MAX_NEW_TOKENS = 48;
const MINUTES = 15;

const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** The quickstart recipe through the command line, and what its metrics say. */
async function train(name, folder, { model, steps, prompts, group, tasks }, extra) {
  const changes = [
    ...[`rollout.prompts=${prompts}`, `rollout.group=${group}`, `optimizer.learningRate=${RATES[name]}`],
    `rollout.maxNewTokens=${MAX_NEW_TOKENS}`,
    ...['optimizer.warmupSteps=1', `evaluation.tasks=${tasks}`, 'evaluation.samples=4', 'evaluation.every=0'],
    'threads=1',
  ].flatMap((each) => ['--set', each]);
  const argv = [CLI, 'train', 'quickstart', '--model', model, '--steps', steps, '--run', folder, ...extra, ...changes];
  const started = performance.now();
  const onLine = (line) => {
    if (/^(step|held out|note)/.test(line)) progress(`${name}: ${line}`);
  };
  const { code, late } = await runBounded(process.execPath, argv, { minutes: MINUTES, onLine });
  if (late) throw new Error(`skyrl: touchstone train (${name}) must end within ${MINUTES} minutes`);
  if (code !== 0) throw new Error(`skyrl: touchstone train (${name}) must end with exit code 0, got ${code}`);
  const text = readFileSync(join(folder, 'metrics.jsonl'), 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const [before, after] = [lines[0], lines.at(-1)];
  const error = (line) => (line['eval/accuracyHigh'] - line['eval/accuracyLow']) / 3.92;
  return {
    name,
    before: before['eval/accuracy'],
    after: after['eval/accuracy'],
    error: Math.hypot(error(before), error(after)),
    rewards: lines.slice(1).map(({ reward }) => Number(reward.toFixed(3))),
    seconds: Math.round((performance.now() - started) / 1000),
  };
}

/** The quickstart recipe on the server and on the local engine: both rise, and within noise of each other. */
export async function compareRecipe(url, work, options) {
  const server = ['--engine', 'tinker', '--base-url', url];
  const there = await train('SkyRL', join(work, 'skyrl'), options, server);
  const here = await train('local', join(work, 'local'), options, []);
  const rises = [there, here].map(({ name, before, after, seconds, rewards }) => {
    const words = `held-out accuracy ${percent(before)} to ${percent(after)} in ${options.steps} steps, ${seconds} s`;
    return report(name, after > before, `${words}; rewards ${rewards.join(' ')}`);
  });
  const apart = Math.abs(there.after - there.before - (here.after - here.before));
  const noise = Math.hypot(there.error, here.error);
  const words = `the rises are ${percent(apart)} apart, standard error ${percent(noise)}`;
  return [...rises, report('both rise', apart < 3 * noise, words)];
}
