// Draws a run folder as a page of the docs, from its files alone:
//   node scripts/run-page.mjs <run> --title "..." --out docs/<name> [--note "..."]
// Writes docs/<name>.md and docs/<name>.svg.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { lineChart } from './lib/line-chart.mjs';
import { fail, readOptions } from './lib/options.mjs';

const USAGE = 'run-page.mjs <run> --title "..." --out docs/<name> [--note "..."]';
const { values: options, positionals } = readOptions(USAGE, {
  allowPositionals: true,
  options: { title: { type: 'string' }, out: { type: 'string' }, note: { type: 'string', default: '' } },
});
const [run] = positionals;
if (!run || !options.title || !options.out) fail(USAGE, 'needs a run folder, --title and --out');
if (!existsSync(join(run, 'result.json'))) fail(USAGE, `${run} must be the folder of a run that has ended`);

const lines = (name) => readFileSync(join(run, name), 'utf8').trim().split('\n').map(JSON.parse);
const { recipe } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'));
const metrics = lines('metrics.jsonl');
const timings = lines('timings.jsonl');
const result = JSON.parse(readFileSync(join(run, 'result.json'), 'utf8'));
const evaluations = metrics.filter((line) => line['eval/accuracy'] !== undefined);
const steps = metrics.filter((line) => line.reward !== undefined);

const percent = (x) => (100 * x).toFixed(1);
const median = (xs) => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)];
/** Mean over a window of steps: single steps are a few dozen answers. */
const smooth = (key, window = 5) =>
  steps.map(({ step }, i) => {
    const near = steps.slice(Math.max(0, i - window + 1), i + 1).map((line) => line[key]);
    return { x: step, y: near.reduce((sum, y) => sum + y, 0) / near.length };
  });

const reward = {
  title: 'reward in training (mean of 5 steps)',
  xLabel: 'step',
  series: [{ name: 'reward', points: smooth('reward') }],
};
const accuracy = {
  title: 'held-out accuracy',
  xLabel: 'step',
  series: ['accuracy', 'passAt8']
    .filter((key) => evaluations.every((line) => typeof line[`eval/${key}`] === 'number'))
    .map((key) => ({ name: key, points: evaluations.map((line) => ({ x: line.step, y: line[`eval/${key}`] })) })),
};
writeFileSync(`${options.out}.svg`, lineChart.stack([lineChart(reward), lineChart(accuracy)]));

const families = Object.keys(evaluations[0])
  .filter((key) => key.startsWith('eval/accuracy/'))
  .map((key) => key.slice('eval/accuracy/'.length));
const head = [
  'step',
  'accuracy, %',
  '95 % interval',
  'pass@8, %',
  'length, tokens',
  ...families.map((name) => `${name}, %`),
];
const rows = evaluations.map((line) => [
  line.step,
  percent(line['eval/accuracy']),
  `${percent(line['eval/accuracyLow'])} to ${percent(line['eval/accuracyHigh'])}`,
  line['eval/passAt8'] === undefined ? '-' : percent(line['eval/passAt8']),
  line['eval/length'].toFixed(1),
  ...families.map((name) => percent(line[`eval/accuracy/${name}`])),
]);
const table = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
const part = (key) => median(timings.map((line) => line[key])).toFixed(1);

writeFileSync(
  `${options.out}.md`,
  `# ${options.title}

${recipe.about} ${result.steps} steps of ${recipe.rollout.prompts} prompts x ${recipe.rollout.group} answers, at most ${recipe.rollout.maxNewTokens} new tokens, temperature
${recipe.rollout.temperature}, ${recipe.threads} thread${recipe.threads === 1 ? '' : 's'}, seed ${recipe.seed}. Held out: ${recipe.evaluation.tasks} tasks, ${recipe.evaluation.samples} answers each.

${table}

![Reward and held-out accuracy over the steps](${basename(options.out)}.svg)

Seconds a step (median): ${part('total')}, of which sampling ${part('sample')}, forward and backward ${part('backward')}, optimiser ${part('optimizer')}.
The whole run took ${Math.round(result.seconds / 60)} minutes. ${options.note}
`,
);
