import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { rescoreFile, rolloutFiles, type RescoredStep } from '../scoring/rescore.js';
import type { CliContext } from './context.js';
import type { CliIo } from './io.js';
import { judgingOptions, judgingTarget, shareOf, verifierOptions, withPool, type JudgingOptions } from './judging.js';
import { checkOutput } from './options.js';
import { oneLine, percent } from './text.js';

interface RescoreOptions extends JudgingOptions {
  readonly out?: string;
  readonly flips: boolean;
}

export function registerRescore(program: Command, context: CliContext): void {
  judgingOptions(
    program
      .command('rescore')
      .description('judge the stored rollouts of a run again and show what changes')
      .argument('<run>', 'run folder')
      .argument('<kind>', 'a registered verifier, or file.mjs#export')
      .option('--out <file>', 'write every verdict as JSONL')
      .option('--no-flips', 'leave out the list of rollouts whose outcome changed'),
  ).action((run: string, kind: string, options: RescoreOptions) => rescore(run, kind, options, context.io));
}

async function rescore(run: string, kind: string, options: RescoreOptions, io: CliIo): Promise<void> {
  const verifier = judgingTarget(kind, options, io.directory);
  const files = await rolloutFiles(resolve(io.directory, run));
  const out = options.out === undefined ? undefined : resolve(io.directory, options.out);
  if (out !== undefined) await checkOutput('--out', out);
  const steps: RescoredStep[] = [];
  await withPool(options, async (pool) => {
    for (const file of files) {
      const step = await rescoreFile(file, verifier, pool, verifierOptions(options));
      steps.push(step);
      if (options.json !== true) io.stdout(`${stepLines(step, options.flips).join('\n')}\n`);
    }
  });
  if (out !== undefined) {
    const lines = steps.flatMap(({ file, verdicts }) =>
      verdicts.map((verdict, row) => JSON.stringify({ file, row, ...verdict })),
    );
    await writeFile(out, `${lines.join('\n')}\n`);
  }
  const flips = steps.flatMap((step) => step.flips);
  const rollouts = steps.reduce((sum, step) => sum + step.rollouts, 0);
  if (options.json === true) {
    const summaries = steps.map(({ verdicts: _verdicts, flips: _flips, ...summary }) => summary);
    io.stdout(
      `${JSON.stringify({ rollouts, changed: flips.length, steps: summaries, ...(options.flips && { flips }) })}\n`,
    );
    return;
  }
  io.stdout(`changed: ${shareOf(flips.length, rollouts)}\n`);
}

function stepLines({ file, rollouts, correctBefore, correctAfter, flips }: RescoredStep, list: boolean): string[] {
  const head = `${file}: ${rollouts} rollouts, correct ${percent(correctBefore)} -> ${percent(correctAfter)}, ${flips.length} changed`;
  if (!list) return [head];
  return [
    head,
    ...flips.map(({ task, sample, before, after, reason, extracted, reference }) => {
      const took = extracted === null ? '' : `, took ${oneLine(extracted)}`;
      return `  ${task} sample ${sample ?? '?'}: ${before} -> ${after} (${reason})${took}, reference ${oneLine(JSON.stringify(reference))}`;
    }),
  ];
}
