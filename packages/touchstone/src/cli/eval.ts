import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { SampleOptions } from '@touchstone/engine';
import { parseSettings } from '../config/nearest.js';
import { engineSchema } from '../config/recipe.js';
import { singleTurnEnvironment } from '../environment/environment.js';
import { UserError } from '../errors.js';
import type { Accuracy, Evaluation } from '../evaluation/evaluate.js';
import { answerTasks, summarize } from '../evaluation/evaluate.js';
import type { EngineChoice } from '../run/model.js';
import { taskSourceOf } from '../task/registry.js';
import type { Split, TaskSource } from '../task/task.js';
import type { CliContext } from './context.js';
import { atLeast, defaultThreads, nameOrObject, refuseIdle, wholeNumber } from './options.js';
import { figure, percent } from './text.js';

/** Held-out tasks of a source that never ends, where no limit is given. */
const DEFAULT_TASKS = 200;

interface EvalOptions {
  readonly model: string;
  readonly engine: string;
  readonly baseUrl?: string;
  readonly state?: string;
  readonly task?: string;
  readonly data?: string;
  readonly convention?: string;
  readonly promptField?: readonly string[];
  readonly referenceField?: string;
  readonly template?: string;
  readonly plain?: boolean;
  readonly split: string;
  readonly limit?: string;
  readonly samples: string;
  readonly temperature?: string;
  readonly maxNewTokens: string;
  readonly seed: string;
  readonly threads?: string;
  readonly json?: boolean;
}

export function registerEval(program: Command, context: CliContext): void {
  program
    .command('eval')
    .description('measure how many tasks a model solves, with a 95 % interval')
    .requiredOption('--model <model>', 'folder or hub name')
    .option('--engine <engine>', 'local or tinker', 'local')
    .option('--base-url <url>', 'of a server of the Tinker API; its key is read from TINKER_API_KEY')
    .option('--state <folder>', 'checkpoint of a run: its weights instead of those of --model')
    .option('--task <task>', 'name of a task, or a JSON object with its settings')
    .option('--data <file>', 'questions in a .jsonl or .parquet file')
    .option('--convention <marker>', 'the reference answer is what follows the last of these, such as "####"')
    .option('--prompt-field <names...>', 'field of the question in --data; several are joined')
    .option('--reference-field <name>', 'field of the answer in --data')
    .option('--template <text>', 'the prompt, with {prompt} where the question goes')
    .option('--plain', "plain text prompts instead of the model's chat template")
    .option('--split <split>', 'test or train', 'test')
    .option('--limit <tasks>', `at most this many tasks; default: all, or ${DEFAULT_TASKS} of a task made on the spot`)
    .option('--samples <n>', 'answers to each task', '1')
    .option('--temperature <t>', '0 is greedy; default: 0 for one sample, else 1')
    .option('--max-new-tokens <n>', 'budget of an answer', '256')
    .option('--seed <seed>', 'decides every draw', '0')
    .option('--threads <n>', 'of the local engine; default: the cores, at most 8')
    .option('--json', 'one line of JSON')
    .action((options: EvalOptions) => runEval(options, context));
}

async function runEval(options: EvalOptions, { io, loadModel }: CliContext): Promise<void> {
  const plan = planOf(options);
  const source = await taskSourceOf(plan.task, { seed: plan.seed, directory: io.directory });
  try {
    await measure(source, plan, options, { io, loadModel });
  } finally {
    await source.close?.();
  }
}

async function measure(
  source: TaskSource,
  plan: EvalPlan,
  options: EvalOptions,
  { io, loadModel }: CliContext,
): Promise<void> {
  const tasks = tasksOf(source, plan);
  const { directory } = io;
  const notice = (sentence: string) => io.stderr(`note: ${sentence}\n`);
  const where = { threads: plan.threads, directory, engine: engineOf(options), notice };
  const { engine, codec } = await loadModel(options.model, where);
  try {
    if (options.state !== undefined) await engine.loadState(resolve(directory, options.state));
    const environment = singleTurnEnvironment({ codec, source, contextLength: engine.model.contextLength });
    // A prompt that does not fit is found before the first answer, not after an hour.
    for (const task of tasks) environment.prompt(task);
    const started = performance.now();
    const progress = (done: number) => {
      if (options.json !== true) io.stderr(`${done}/${tasks.length} tasks\n`);
    };
    const groups = await answerTasks(tasks, { engine, environment }, plan, progress);
    const evaluation = summarize(groups, plan.samples);
    const seconds = (performance.now() - started) / 1000;
    if (options.json === true) io.stdout(`${JSON.stringify({ model: options.model, ...evaluation, seconds })}\n`);
    else for (const line of reportLines(evaluation, seconds)) io.stdout(`${line}\n`);
  } finally {
    await engine.dispose();
  }
}

function engineOf({ engine, baseUrl }: EvalOptions): EngineChoice {
  const choice = { name: engine, ...(baseUrl !== undefined && { baseUrl }) };
  return parseSettings('touchstone eval: --engine', engineSchema, choice);
}

interface EvalPlan {
  readonly task: unknown;
  readonly split: Split;
  readonly limit: number | undefined;
  readonly samples: number;
  readonly sampling: SampleOptions;
  readonly seed: number;
  readonly threads: number;
}

function planOf(options: EvalOptions): EvalPlan {
  const samples = wholeNumber('--samples', options.samples, 1);
  const { split } = options;
  if (split !== 'test' && split !== 'train') {
    throw new UserError(`touchstone eval: --split must be test or train, got ${JSON.stringify(split)}; choose one`);
  }
  const temperature =
    options.temperature === undefined ? (samples === 1 ? 0 : 1) : atLeast('--temperature', options.temperature, 0);
  return {
    task: taskOf(options, split),
    split,
    limit: options.limit === undefined ? undefined : wholeNumber('--limit', options.limit, 1),
    samples,
    sampling: { temperature, maxNewTokens: wholeNumber('--max-new-tokens', options.maxNewTokens, 1) },
    seed: wholeNumber('--seed', options.seed, 0),
    threads: options.threads === undefined ? defaultThreads() : wholeNumber('--threads', options.threads, 1, 256),
  };
}

/** A file is measured as a whole: it is all `test`, or for `--split train` the part that training would take. */
function taskOf(options: EvalOptions, split: Split): unknown {
  const { task, data, convention, promptField, referenceField, template, plain } = options;
  if ((task === undefined) === (data === undefined)) {
    const got = task === undefined ? 'neither' : 'both';
    throw new UserError(`touchstone eval: needs --task or --data, got ${got}; give one of them`);
  }
  const style = { ...(template !== undefined && { template }), ...(plain === true && { chat: false }) };
  if (data === undefined) {
    const fields = { '--prompt-field': promptField, '--reference-field': referenceField };
    refuseIdle({ '--convention': convention, ...fields }, 'only with --data; a --task of the name file has its own');
    const named = nameOrObject('--task', task ?? '');
    if (Object.keys(style).length === 0) return named;
    return typeof named === 'string' ? { name: named, ...style } : Object.assign({}, named, style);
  }
  return {
    name: 'file',
    [split]: data,
    ...(convention !== undefined && { referenceAfter: convention }),
    ...(promptField !== undefined && { prompt: promptField }),
    ...(referenceField !== undefined && { reference: referenceField }),
    ...style,
  };
}

function tasksOf(source: TaskSource, { split, limit }: EvalPlan) {
  const size = source.size(split);
  const count = Math.min(size, limit ?? (Number.isFinite(size) ? size : DEFAULT_TASKS));
  if (count === 0) throw new UserError(`${source.name}: must have ${split} tasks, got none; choose the other split`);
  return Array.from({ length: count }, (_, index) => source.task(split, index));
}

function reportLines(evaluation: Evaluation, seconds: number): string[] {
  const { samples, passAt, length, truncated, unjudged, families } = evaluation;
  const pass = Object.entries(passAt).filter(([k]) => k !== '1');
  const names = Object.entries(families);
  return [
    `accuracy   ${accuracyText(evaluation)}${samples > 1 ? `, ${samples} answers each` : ''}`,
    ...pass.map(([k, value]) => `pass@${k.padEnd(6)}${percent(value)}`),
    `length     ${figure(length)} tokens, ${percent(truncated)} cut at the budget`,
    ...(unjudged > 0 ? [`unjudged   ${percent(unjudged)} of the answers, left out`] : []),
    ...(names.length > 1 ? names.map(([name, family]) => `  ${name}  ${accuracyText(family)}`) : []),
    `took       ${seconds.toFixed(1)} s`,
  ];
}

function accuracyText({ accuracy, interval: [low, high], tasks }: Accuracy): string {
  return `${percent(accuracy)}  (95 %: ${percent(low)} to ${percent(high)}, ${tasks} tasks)`;
}
