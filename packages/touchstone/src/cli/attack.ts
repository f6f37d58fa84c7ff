import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import {
  attacks,
  attacksInLanguageOf,
  measureAttacks,
  type AttackItem,
  type AttackReport,
} from '@touchstone/verify/hardening';
import type { Job, VerifierTarget } from '@touchstone/verify/runner';
import { UserError } from '../errors.js';
import { referenceOf } from '../scoring/judge-rows.js';
import { readTable, textOf } from '../scoring/table.js';
import type { CliContext } from './context.js';
import type { CliIo } from './io.js';
import {
  judgingOptions,
  judgingTarget,
  parseJson,
  positiveInteger,
  shareOf,
  verifierOptions,
  withPool,
  type JudgingOptions,
} from './judging.js';
import { refuseIdle } from './options.js';
import { fit, oneLine, percent } from './text.js';

interface AttackOptions extends JudgingOptions {
  readonly file?: string;
  readonly reference: readonly string[];
  readonly referenceJson?: string | true;
  readonly referenceField: string;
  readonly referenceAfter?: string;
  readonly questionField?: string;
  readonly limit: number;
  readonly seed: number;
}

interface ReferenceItem extends AttackItem {
  readonly reference: unknown;
}

export function registerAttack(program: Command, context: CliContext): void {
  const collect = (value: string, list: readonly string[]): readonly string[] => [...list, value];
  judgingOptions(
    program
      .command('attack')
      .description('try responses that are never right, and report how often the verifier accepts them')
      .argument('<kind>', 'a registered verifier, or file.mjs#export')
      .option('--reference <text>', 'a right answer to attack; may be repeated', collect, [])
      .option('--reference-json [json]', 'the same as JSON; with --file: read the field as JSON')
      .option('--file <file>', 'attack the references of a .jsonl, .json or .parquet file')
      .option('--reference-field <name>', 'with --file: field of the right answer', 'reference')
      .option('--reference-after <mark>', 'with --file: the answer is what follows the last of these, such as ####')
      .option('--question-field <name>', 'with --file: tries the question itself as an answer, too')
      .option('--limit <rows>', 'with --file: the first rows only', positiveInteger, 200)
      .option('--seed <seed>', 'draws the decoys and the gibberish', seedNumber, 0),
  ).action((kind: string, options: AttackOptions) => attack(kind, options, context.io));
}

async function attack(kind: string, options: AttackOptions, io: CliIo): Promise<void> {
  const verifier = judgingTarget(kind, options, io.directory);
  const items = await itemsOf(options, io);
  if (items.length === 0) {
    throw new UserError('touchstone attack: must be given right answers, got none; use --reference or --file');
  }
  const judgeOptions = verifierOptions(options);
  const report = await withPool(options, (pool) =>
    measureAttacks(items, {
      seed: options.seed,
      attacks: [...attacks, ...attacksInLanguageOf(verifier)],
      verify: (response, { reference }) => pool.run(jobOf(verifier, response, reference, judgeOptions)),
    }),
  );
  io.stdout(
    options.json === true ? `${JSON.stringify(report)}\n` : `${reportLines(report, io.columns ?? 120).join('\n')}\n`,
  );
}

function jobOf(verifier: VerifierTarget, response: string, reference: unknown, options: Job['options']): Job {
  return { verifier, response, reference, ...(options !== undefined && { options }) };
}

async function itemsOf(options: AttackOptions, io: CliIo): Promise<ReferenceItem[]> {
  const given: unknown[] = [...options.reference];
  if (typeof options.referenceJson === 'string') given.push(parseJson('--reference-json', options.referenceJson));
  const items = given.map((reference) => itemOf(reference));
  if (options.file === undefined) {
    const { referenceAfter, questionField } = options;
    refuseIdle({ '--reference-after': referenceAfter, '--question-field': questionField }, 'only with --file');
    return items;
  }
  const fields = {
    reference: options.referenceField,
    referenceAfter: options.referenceAfter,
    referenceJson: options.referenceJson === true,
  };
  const rows = (await readTable(resolve(io.directory, options.file))).slice(0, options.limit);
  for (const row of rows) {
    const reference = referenceOf(row, fields);
    const question = options.questionField === undefined ? undefined : textOf(row, options.questionField);
    items.push(itemOf(reference, question));
  }
  return items;
}

function itemOf(reference: unknown, question?: string): ReferenceItem {
  const entry = (reference as { readonly function?: unknown } | null | undefined)?.function;
  return {
    reference,
    gold: goldOf(reference),
    ...(question !== undefined && { question }),
    ...(typeof entry === 'string' && { entry }),
  };
}

/** The right answer as text, where the reference is one. */
function goldOf(reference: unknown): string | null {
  const first: unknown = Array.isArray(reference) ? reference[0] : reference;
  if (typeof first === 'number') return String(first);
  return typeof first === 'string' ? first : null;
}

function seedNumber(text: string): number {
  const seed = Number(text);
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new InvalidArgumentError(`It must be a whole number from 0, got ${text}.`);
}

function reportLines(report: AttackReport, columns: number): string[] {
  const categories = Object.entries(report.categories).flatMap(([category, { accepted, asked }]) =>
    asked === 0 ? [] : [`  ${category.padEnd(18)}${shareOf(accepted, asked)}`],
  );
  const fooled = report.attacks.flatMap(({ category, name, rate, example }) =>
    example === null
      ? []
      : [
          fit(
            `  ${category}, ${name}: ${percent(rate)}, such as ${JSON.stringify(oneLine(example.response))}`,
            columns,
          ),
        ],
  );
  return [
    `accepted ${shareOf(report.accepted, report.asked)} responses that are never right; right answers: ${report.items}`,
    ...categories,
    ...(fooled.length === 0 ? ['fooled by none of them'] : ['fooled by:', ...fooled]),
  ];
}
