// Samples the same prompts plainly and as lookahead trees, with the model that ships, and prints the table of
// docs/lookahead-trees.md (build first):
//   node scripts/lookahead-trees.mjs [--tasks addition,graph,countdown,multiplication] [--prompts 128]
import { fileURLToPath } from 'node:url';
import {
  createTaskSource,
  judgeGroups,
  latrSchema,
  latrStrategy,
  sampleGroups,
  singleTurnEnvironment,
} from '../packages/touchstone/dist/index.js';
import { loadModel } from '../packages/touchstone/dist/run/local-model.js';
import { fail, readOptions } from './lib/options.mjs';

const USAGE = 'lookahead-trees.mjs [--tasks addition,graph,countdown,multiplication] [--prompts 128]';
const { values: options } = readOptions(USAGE, {
  options: {
    tasks: { type: 'string', default: 'addition,graph,countdown,multiplication' },
    prompts: { type: 'string', default: '128' },
  },
});
const prompts = Number(options.prompts);
if (!Number.isInteger(prompts) || prompts < 1) {
  fail(USAGE, `--prompts must be a whole number from 1, got ${options.prompts}`);
}

const SAMPLING = { group: 8, maxNewTokens: 96, temperature: 1 };
const SETTINGS = { addition: { minDigits: 3, maxDigits: 5 } };
const trees = (settings) => latrStrategy(latrSchema.parse({ name: 'latr', eta: 1, ...settings }));
const short = { filterSteps: [3, 5, 8], forceReturnStep: 8 };
const STRATEGIES = {
  sample: sampleGroups,
  'trees of 48 tokens, the default': trees({}),
  'trees of 8 tokens': trees(short),
  'trees of 8 tokens, `eta` 0.5': trees({ ...short, eta: 0.5 }),
};

const sum = (values) => values.reduce((total, value) => total + value, 0);

function rowOf(judged) {
  const mean = (valueOf) => sum(judged.map(({ rollouts }) => valueOf(rollouts))) / judged.length;
  const right = (rollouts) => rollouts.filter(({ verdict }) => verdict.outcome === 'correct').length;
  const different = (valueOf) => mean((rollouts) => new Set(rollouts.map(valueOf)).size).toFixed(1);
  const percent = (value) => `${(100 * value).toFixed(0)} %`;
  return [
    different(({ text }) => text),
    different(({ verdict }) => verdict.extracted ?? ''),
    percent(mean((rollouts) => (right(rollouts) > 0 && right(rollouts) < rollouts.length ? 1 : 0))),
    percent(mean((rollouts) => right(rollouts) / rollouts.length)),
    mean((rollouts) => sum(rollouts.map(({ tokens, promptLength }) => tokens.length - promptLength)) / 8).toFixed(0),
  ];
}

const directory = fileURLToPath(new URL('..', import.meta.url));
const { engine, codec } = await loadModel('models/touchstone-base', { threads: 2, directory });
console.log('| task | rollouts | different responses | different answers | mixed groups | accuracy | tokens |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const task of options.tasks.split(',')) {
  const source = await createTaskSource(task, SETTINGS[task] ?? {}, { directory, seed: 0 });
  const { contextLength } = engine.model;
  const environment = singleTurnEnvironment({ codec, source, contextLength });
  const tasks = Array.from({ length: prompts }, (_, i) => source.task('train', i));
  for (const [name, strategy] of Object.entries(STRATEGIES)) {
    const groups = await strategy(tasks, { engine, environment, sampling: SAMPLING, seed: 5, step: 1 });
    const cells = rowOf(await judgeGroups(groups, environment));
    console.log(`| ${[task, name, ...cells].join(' | ')} |`);
  }
}
await engine.dispose();
