// Trains the quickstart's task with several objectives and seeds and draws what came out, with the public command only:
//   node scripts/compare-objectives.mjs [--objectives grpo,gspo,kl-cov] [--seeds 0,1,2] [--runs runs/compare] [--threads 2]
// Writes docs/three-objectives.md and docs/three-objectives.svg. Runs that are already complete are not made again.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lineChart } from './lib/line-chart.mjs';
import { readOptions } from './lib/options.mjs';

const USAGE =
  'compare-objectives.mjs [--objectives grpo,gspo,kl-cov] [--seeds 0,1,2] [--runs runs/compare] [--threads 2]';
const { values: options } = readOptions(USAGE, {
  options: {
    objectives: { type: 'string', default: 'grpo,gspo,kl-cov' },
    seeds: { type: 'string', default: '0,1,2' },
    runs: { type: 'string', default: 'runs/compare' },
    threads: { type: 'string', default: '2' },
  },
});

/** Smaller than the quickstart, so that nine runs fit in a coffee break; two updates a step, so that ratios move. */
const SETTINGS = [
  'steps=40',
  'rollout.group=8',
  'update.minibatches=2',
  'evaluation.tasks=50',
  'evaluation.samples=4',
  'evaluation.every=10',
  'checkpoint.every=40',
  `threads=${options.threads}`,
];

const mean = (xs) => xs.reduce((sum, x) => sum + x, 0) / xs.length;
const spread = (xs) => Math.sqrt(xs.reduce((sum, x) => sum + (x - mean(xs)) ** 2, 0) / Math.max(1, xs.length - 1));
const percent = (x) => (100 * x).toFixed(1);

function train(objective, seed) {
  const run = join(options.runs, `${objective}-${seed}`);
  if (!existsSync(join(run, 'result.json'))) {
    const set = [...SETTINGS, `objective=${objective}`].flatMap((setting) => ['--set', setting]);
    const command = existsSync(join(run, 'run.json'))
      ? ['train', '--resume', run]
      : ['train', 'quickstart', '--seed', seed, '--run', run, ...set];
    process.stderr.write(`touchstone ${command.join(' ')}\n`);
    const { status } = spawnSync('npx', ['touchstone', ...command], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) throw new Error(`compare-objectives: ${run} must end well, got exit code ${status}`);
  }
  const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

const results = options.objectives.split(',').map((objective) => {
  const runs = options.seeds.split(',').map((seed) => train(objective, seed));
  const curve = (key) => {
    const steps = runs[0].filter((line) => line[key] !== undefined && line[key] !== null).map(({ step }) => step);
    return steps.map((step) => ({ x: step, y: mean(runs.map((run) => run.find((line) => line.step === step)[key])) }));
  };
  const at = (pick) => runs.map((run) => pick(run.filter((line) => 'eval/accuracy' in line))['eval/accuracy']);
  const entropy = runs.map((run) => run.at(-1).entropy);
  return {
    objective,
    accuracy: curve('eval/accuracy'),
    entropy: curve('entropy'),
    before: at((lines) => lines[0]),
    after: at((lines) => lines.at(-1)),
    lastEntropy: entropy,
  };
});

const chart = (key, title) =>
  lineChart({
    title,
    xLabel: 'step',
    series: results.map((result) => ({ name: result.objective, points: result[key] })),
  });
writeFileSync(
  'docs/three-objectives.svg',
  lineChart.stack([chart('accuracy', 'held-out accuracy'), chart('entropy', 'entropy of the policy, nats a token')]),
);

const rows = results.map(
  ({ objective, before, after, lastEntropy }) =>
    `| \`${objective}\` | ${percent(mean(before))} | ${percent(mean(after))} ± ${percent(spread(after))} | ${mean(lastEntropy).toFixed(3)} ± ${spread(lastEntropy).toFixed(3)} |`,
);
writeFileSync(
  'docs/three-objectives.md',
  `# Three objectives on one task

The quickstart's task (addition of three to five digits) and model, ${options.seeds.split(',').length} seeds each, ± the standard deviation over
the seeds. Settings that differ from the quickstart: ${SETTINGS.slice(0, -1)
    .map((setting) => `\`${setting}\``)
    .join(', ')}; ${options.threads === '1' ? 'one thread' : `${options.threads} threads`}.

| objective | accuracy before, % | after, % | entropy at the end, nats a token |
| --- | --- | --- | --- |
${rows.join('\n')}

![Accuracy and entropy over the steps, mean of the seeds](three-objectives.svg)

Made by \`node scripts/compare-objectives.mjs\`, which also redoes it. One small task says little about methods in general;
the page shows that the same loop runs them and that their curves can be compared.
`,
);
