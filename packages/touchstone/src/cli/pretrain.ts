import { resolve } from 'node:path';
import type { Command } from 'commander';
import { parseSettings } from '../config/nearest.js';
import { readJsonFile } from '../config/load.js';
import { applySetting } from '../config/set.js';
import type { PretrainStep } from '../pretrain/pretrain.js';
import type { PretrainRecipe } from '../pretrain/recipe.js';
import { pretrainSchema } from '../pretrain/recipe.js';
import type { SolveRates } from '../pretrain/solve-rates.js';
import type { CliContext } from './context.js';
import type { CliIo } from './io.js';
import { stopOnInterrupt } from './stop.js';
import { duration, figure, percent } from './text.js';

/** Steps between lines of progress. */
const REPORT_EVERY = 20;

interface PretrainOptions {
  readonly out: string;
  readonly set: readonly string[];
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function registerPretrain(program: Command, { io }: CliContext): void {
  const collect = (value: string, list: readonly string[]) => [...list, value];
  program
    .command('pretrain')
    .description('make the small base model that ships with Touchstone, from nothing')
    .argument('[recipe]', 'a .json file of settings; default: those of the shipped model')
    .option('--out <folder>', 'where the model goes', 'models/touchstone-base')
    .option('--set <key=value>', 'change one setting, such as architecture.layers=4; may be repeated', collect, [])
    .option('--resume', 'go on with an unfinished run in the folder')
    .option('--dry-run', 'print every setting, and stop')
    .option('--json', 'a line of JSON an event, the last one the solve rates')
    .action((file: string | undefined, options: PretrainOptions) => runPretrain(file, options, io));
}

async function runPretrain(file: string | undefined, options: PretrainOptions, io: CliIo): Promise<void> {
  const recipe = await recipeOf(file, options, io);
  if (options.dryRun === true) {
    io.stdout(`${JSON.stringify(recipe, null, options.json === true ? 0 : 2)}\n`);
    return;
  }
  const { pretrain } = await import('../pretrain/pretrain.js');
  const { stop, release } = stopOnInterrupt(io, (sentence) => io.stderr(`${sentence}\n`));
  const out = resolve(io.directory, options.out);
  const report = options.json === true ? jsonReport(io) : plainReport(io, recipe);
  try {
    const rates = await pretrain({ recipe, out, resume: options.resume === true, stop, ...report });
    io.stdout(options.json === true ? `${JSON.stringify({ rates, out })}\n` : `the model is in ${options.out}\n`);
  } finally {
    release();
  }
}

async function recipeOf(file: string | undefined, options: PretrainOptions, io: CliIo): Promise<PretrainRecipe> {
  const written = file === undefined ? {} : await readJsonFile(file, io.directory);
  const where = file ?? 'pretrain';
  parseSettings(where, pretrainSchema, written);
  return parseSettings(`${where} with --set`, pretrainSchema, options.set.reduce(applySetting, written));
}

interface Report {
  readonly onStep: (report: PretrainStep) => void;
  readonly onRates: (step: number, rates: SolveRates) => void;
}

function jsonReport(io: CliIo): Report {
  const line = (value: unknown) => io.stdout(`${JSON.stringify(value)}\n`);
  return {
    onStep: (report) => line({ event: 'step', ...report }),
    onRates: (step, rates) => line({ event: 'rates', step, rates }),
  };
}

function plainReport(io: CliIo, { steps }: PretrainRecipe): Report {
  const line = (text: string) => io.stdout(`${text}\n`);
  const startedMs = performance.now();
  let first: number | undefined;
  return {
    onStep({ step, loss, gradNorm, tokensPerSecond }) {
      first ??= step;
      if (step % REPORT_EVERY !== 0 && step !== steps) return;
      const pace = (performance.now() - startedMs) / 1000 / (step - first + 1);
      line(
        `step ${step}/${steps}  loss ${figure(loss)}  gradient ${figure(gradNorm)}  ` +
          `${figure(tokensPerSecond)} tok/s  left ${duration(pace * (steps - step))}`,
      );
    },
    onRates(step, rates) {
      line(`solved after step ${step}:`);
      for (const [family, levels] of Object.entries(rates)) {
        const each = Object.entries(levels).map(([level, rate]) => `${level} ${percent(rate)}`);
        line(`  ${family.padEnd(16)} ${each.join('  ')}`);
      }
    },
  };
}
