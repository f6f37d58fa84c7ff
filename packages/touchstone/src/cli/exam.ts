import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { TouchstoneError } from '../errors.js';
import { examFiles, runExam, type ExamMiss, type ExamReport } from '../scoring/exam.js';
import type { CliContext } from './context.js';
import type { CliIo } from './io.js';
import { judgingTarget, positiveNumber, withPool } from './judging.js';
import { fit, oneLine, percent } from './text.js';

interface ExamOptions {
  readonly kind?: string;
  readonly deadline?: number;
  readonly atLeast?: number;
  readonly json?: boolean;
}

export function registerExam(program: Command, context: CliContext): void {
  program
    .command('exam')
    .description('run rows whose verdict is known: accuracy, false positives and negatives, and times of each file')
    .argument('<paths...>', 'files, or folders of them')
    .option('--kind <kind>', 'verifier of the rows without a domain')
    .option('--deadline <ms>', 'milliseconds a row may take (default 5000); then it is a timeout', positiveNumber)
    .option('--at-least <share>', 'exit with 1 when the accuracy of a file is lower; from 0 to 1', share)
    .option('--json', 'print JSON')
    .action((paths: string[], options: ExamOptions) => exam(paths, options, context.io));
}

function share(text: string): number {
  const value = positiveNumber(text);
  if (value <= 1) return value;
  throw new InvalidArgumentError(`It must be at most 1, got ${text}; write 95 % as 0.95.`);
}

async function exam(paths: readonly string[], options: ExamOptions, io: CliIo): Promise<void> {
  const kind = options.kind === undefined ? undefined : judgingTarget(options.kind, options, io.directory);
  const files = (await Promise.all(paths.map((path) => examFiles(resolve(io.directory, path))))).flat();
  const reports: ExamReport[] = [];
  await withPool({ ...options, workers: 1 }, async (pool) => {
    for (const file of files) {
      const report = await runExam(file, pool, kind);
      reports.push(report);
      if (options.json !== true) io.stdout(`${reportLines(report, io.columns ?? 100).join('\n')}\n`);
    }
  });
  if (options.json === true) io.stdout(`${JSON.stringify({ files: reports })}\n`);
  const least = options.atLeast ?? 0;
  const low = reports.filter(({ accuracy }) => accuracy !== null && accuracy < least);
  if (low.length > 0) {
    throw new TouchstoneError(
      `touchstone exam: accuracy must be at least ${least}, got less in ${low.map(({ file }) => file).join(', ')}`,
    );
  }
}

function reportLines(report: ExamReport, columns: number): string[] {
  const { file, rows, policyRows, accuracy, falsePositives, falseNegatives, p50Ms, p99Ms, maxMs, misses } = report;
  const policy = policyRows === 0 ? '' : ` and ${policyRows} of policy`;
  return [
    `${file}: ${percent(accuracy ?? Number.NaN)} of ${rows - policyRows} rows${policy}`,
    `  false positives ${falsePositives}, false negatives ${falseNegatives}; ` +
      `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, max ${maxMs.toFixed(2)} ms`,
    ...misses.map((miss) => fit(`  ${missLine(miss)}`, columns)),
  ];
}

function missLine({ id, expected, outcome, reason, extracted, reference, response }: ExamMiss): string {
  const took = extracted === null ? `response ${oneLine(response)}` : `took ${oneLine(extracted)}`;
  return `${id}: ${expected ? 'right' : 'wrong'} but ${outcome} (${reason}), ${took}, reference ${oneLine(JSON.stringify(reference))}`;
}
