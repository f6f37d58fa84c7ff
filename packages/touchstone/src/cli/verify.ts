import { resolve } from 'node:path';
import type { Command } from 'commander';
import { executedVerifiers, openResources, verifiers, type ExecutedResources, type Verdict } from '@touchstone/verify';
import type { VerifierTarget } from '@touchstone/verify/runner';
import { UserError } from '../errors.js';
import { countVerdicts, judgeRows, type JudgedRow } from '../scoring/judge-rows.js';
import { readTable } from '../scoring/table.js';
import { VerdictFile } from '../scoring/verdict-file.js';
import type { CliContext } from './context.js';
import type { CliIo } from './io.js';
import {
  judgingOptions,
  judgingTarget,
  parseJson,
  shareOf,
  verdictLines,
  verifierOptions,
  withPool,
  type JudgingOptions,
} from './judging.js';
import { checkOutput, refuseIdle } from './options.js';
import { figure } from './text.js';

interface VerifyOptions extends JudgingOptions {
  readonly response?: string;
  readonly reference?: string;
  readonly referenceJson?: string | true;
  readonly file?: string;
  readonly responseField: string;
  readonly referenceField: string;
  readonly referenceAfter?: string;
  readonly out?: string;
  readonly vision: readonly string[];
}

/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 3000;

export function registerVerify(program: Command, context: CliContext): void {
  const collect = (value: string, list: readonly string[]): readonly string[] => [...list, value];
  const all = Object.entries({ ...verifiers, ...executedVerifiers });
  const list = all.map(([kind, { checks }]) => `  ${kind.padEnd(14)}${checks}`).join('\n');
  judgingOptions(
    program
      .command('verify')
      .description('judge one response, or every row of a file')
      .argument('<kind>', 'a registered verifier, or file.mjs#export')
      .option('--response <text>', 'what the model wrote')
      .option('--reference <text>', 'the right answer')
      .option('--reference-json [json]', 'the right answer as JSON; with --file: read the field as JSON')
      .option('--file <file>', 'judge the rows of a .jsonl, .json or .parquet file')
      .option('--response-field <name>', 'with --file: field of the response', 'response')
      .option('--reference-field <name>', 'with --file: field of the right answer', 'reference')
      .option('--reference-after <mark>', 'with --file: the answer is what follows the last of these, such as ####')
      .option('--out <file>', 'with --file: write the rows with their verdicts as JSONL')
      .option(
        '--vision <folder>',
        'with svg: a vision model in ONNX, for captions and reference pictures; twice for one of each',
        collect,
        [],
      ),
  )
    .addHelpText('after', `\nVerifiers:\n${list}`)
    .action((kind: string, options: VerifyOptions) =>
      options.file === undefined
        ? verifyOne(kind, options, context.io)
        : verifyFile(kind, options.file, options, context.io),
    );
}

async function verifyOne(kind: string, options: VerifyOptions, io: CliIo): Promise<void> {
  const { response, reference, referenceJson, referenceAfter, out } = options;
  refuseIdle({ '--out': out, '--reference-after': referenceAfter }, 'only with --file');
  const given = typeof referenceJson === 'string' ? parseJson('--reference-json', referenceJson) : reference;
  if (response === undefined || given === undefined) {
    const missing = response === undefined ? '--response' : '--reference';
    throw new UserError(`touchstone verify: must be given ${missing}, got none; or judge a file with --file`);
  }
  const verifier = judgingTarget(kind, options, io.directory);
  const judgeOptions = verifierOptions(options);
  const resources = await visionResources(verifier, options, io.directory);
  const verdict = await withPool({ ...options, resources, workers: 1, spares: 0 }, (pool) =>
    pool.run({ verifier, response, reference: given, ...(judgeOptions !== undefined && { options: judgeOptions }) }),
  );
  requireLoaded(verdict);
  io.stdout(options.json === true ? `${JSON.stringify(verdict)}\n` : `${verdictLines(verdict).join('\n')}\n`);
}

/** A module that does not load is a fault of the command line, and not of what is judged. */
function requireLoaded({ reason, feedback }: Verdict): void {
  if (reason !== 'module-not-loaded') return;
  throw new UserError(`verifier: must be a module that loads and has the export, got ${feedback}; mend it`);
}

/** The models of `--vision`, open. */
async function visionResources(
  verifier: VerifierTarget,
  { vision }: VerifyOptions,
  directory: string,
): Promise<ExecutedResources> {
  if (vision.length === 0) return {};
  if (verifier !== 'svg') {
    const got = typeof verifier === 'string' ? verifier : verifier.module;
    throw new UserError(`--vision: must be left out for what is not svg, got it with ${got}; judge pictures with it`);
  }
  const resources = { visionModels: vision.map((folder) => resolve(directory, folder)) };
  await openResources(resources);
  return resources;
}

async function verifyFile(kind: string, file: string, options: VerifyOptions, io: CliIo): Promise<void> {
  const { response, reference, referenceJson } = options;
  const json = typeof referenceJson === 'string' ? referenceJson : undefined;
  refuseIdle({ '--response': response, '--reference': reference }, 'only without --file, whose rows have their own');
  refuseIdle({ '--reference-json with a value': json }, 'only without --file, where it has none');
  const verifier = judgingTarget(kind, options, io.directory);
  const rows = await readTable(resolve(io.directory, file));
  const out = options.out === undefined ? undefined : resolve(io.directory, options.out);
  if (out !== undefined) await checkOutput('--out', out);
  const fields = {
    response: options.responseField,
    reference: options.referenceField,
    referenceAfter: options.referenceAfter,
    referenceJson: referenceJson !== undefined,
  };
  const resources = await visionResources(verifier, options, io.directory);
  const verdicts = out === undefined ? undefined : new VerdictFile(out);
  const progress = rowProgress(rows.length, options, io);
  const onJudged = (judged: JudgedRow): void => {
    requireLoaded(judged.verdict);
    verdicts?.write(judged);
    progress();
  };
  const judged = await withPool({ ...options, resources }, async (pool) => {
    const all = await judgeRows(rows, verifier, fields, pool, verifierOptions(options), onJudged);
    verdicts?.end();
    return all;
  }).finally(() => verdicts?.close());
  const counts = countVerdicts(judged.map(({ verdict }) => verdict));
  if (options.json === true) {
    io.stdout(`${JSON.stringify(counts)}\n`);
    return;
  }
  const outcomes = Object.entries(counts.outcomes).map(
    ([outcome, count]) => `  ${outcome.padEnd(12)}${shareOf(count, counts.rows)}`,
  );
  io.stdout([`${counts.rows} rows, mean score ${figure(counts.meanScore ?? undefined)}`, ...outcomes, ''].join('\n'));
}

/** Says every few seconds how far a long file is. */
function rowProgress(total: number, { json }: VerifyOptions, io: CliIo): () => void {
  let done = 0;
  let said = performance.now();
  return () => {
    done += 1;
    if (json === true || done === total || performance.now() - said < PROGRESS_MS) return;
    said = performance.now();
    io.stderr(`${done}/${total} rows\n`);
  };
}
