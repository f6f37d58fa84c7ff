import { resolve } from 'node:path';
import type { Command } from 'commander';
import { TouchstoneError, UserError } from '../errors.js';
import { answerForms, checkFixtures, checkGold, type CheckFailure, type CheckReport } from '../scoring/check.js';
import { readTable } from '../scoring/table.js';
import type { CliContext } from './context.js';
import type { CliIo } from './io.js';
import { judgingOptions, judgingTarget, shareOf, verifierOptions, withPool, type JudgingOptions } from './judging.js';
import { oneLine } from './text.js';

interface CheckOptions extends JudgingOptions {
  readonly referenceField: string;
  readonly referenceAfter?: string;
  readonly referenceJson?: boolean;
  readonly solutionField?: string;
  readonly form: readonly string[];
}

export function registerCheck(program: Command, context: CliContext): void {
  const collect = (value: string, list: readonly string[]): readonly string[] => [...list, value];
  judgingOptions(
    program
      .command('check')
      .description('prove that the gold answers of a data set earn full marks, and list those that do not')
      .argument('<kind>', 'a registered verifier, or file.mjs#export')
      .argument('[file]', 'a .jsonl, .json or .parquet file; without one, the cases that the verifier ships')
      .option('--reference-field <name>', 'field of the gold answer', 'reference')
      .option('--reference-after <mark>', 'the answer is what follows the last of these, such as ####')
      .option('--reference-json', 'the field holds JSON text')
      .option('--solution-field <name>', 'field of a whole response known to be right; default: the gold answer itself')
      .option(
        '--form <name>',
        `how the gold answer is written: ${Object.keys(answerForms).join(', ')}; may be repeated`,
        collect,
        [],
      ),
  ).action((kind: string, file: string | undefined, options: CheckOptions) =>
    file === undefined ? checkShipped(kind, options, context.io) : check(kind, file, options, context.io),
  );
}

/** The cases that a registered verifier ships: full marks, none, and malformed. */
async function checkShipped(kind: string, options: CheckOptions, io: CliIo): Promise<void> {
  const verifier = judgingTarget(kind, options, io.directory);
  if (typeof verifier !== 'string') {
    throw new UserError(`touchstone check: ${kind} ships no cases; give a file of gold answers`);
  }
  const report = await withPool(options, (pool) => checkFixtures(verifier, pool));
  io.stdout(options.json === true ? `${JSON.stringify(report)}\n` : `${reportLines(report).join('\n')}\n`);
  if (report.failed > 0) {
    throw new TouchstoneError(
      `touchstone check: every case must be judged as it says, got ${report.failed} that are not`,
    );
  }
}

async function check(kind: string, file: string, options: CheckOptions, io: CliIo): Promise<void> {
  const verifier = judgingTarget(kind, options, io.directory);
  const unknown = options.form.find((form) => !Object.hasOwn(answerForms, form));
  if (unknown !== undefined) {
    throw new UserError(
      `--form: must be one of ${Object.keys(answerForms).join(', ')}, got ${unknown}; choose one of them`,
    );
  }
  const rows = await readTable(resolve(io.directory, file));
  const judgeOptions = verifierOptions(options);
  const settings = {
    reference: options.referenceField,
    referenceAfter: options.referenceAfter,
    referenceJson: options.referenceJson,
    solution: options.solutionField,
    forms: options.form.length === 0 ? ['plain'] : options.form,
    ...(judgeOptions !== undefined && { options: judgeOptions }),
  };
  const report = await withPool(options, (pool) => checkGold(rows, verifier, settings, pool));
  io.stdout(options.json === true ? `${JSON.stringify(report)}\n` : `${reportLines(report).join('\n')}\n`);
  if (report.failed > 0) {
    throw new TouchstoneError(
      `touchstone check: every gold answer must earn full marks, got ${report.failed} that do not`,
    );
  }
}

function reportLines({ rows, tried, failed, failures }: CheckReport): string[] {
  return [...failures.map(failureLine), `as expected: ${shareOf(tried - failed, tried)} answers of ${rows} rows`];
}

function failureLine({ where, form, outcome, score, reason, feedback, extracted, reference }: CheckFailure): string {
  const took = extracted === null ? '' : `, took ${oneLine(extracted)}`;
  const words = feedback === '' ? '' : `; ${oneLine(feedback)}`;
  return `${where} (${form}): ${outcome} ${score} (${reason})${took}, reference ${oneLine(JSON.stringify(reference) ?? '')}${words}`;
}
