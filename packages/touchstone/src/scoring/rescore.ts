/** Stored rollouts judged again: another verifier, or the same after a repair, without asking the model anew. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Verdict } from '@touchstone/verify';
import type { Job, VerifierPool, VerifierTarget } from '@touchstone/verify/runner';
import { UserError } from '../errors.js';
import { judgeRows } from './judge-rows.js';
import { readTable } from './table.js';

/** A rollout whose outcome changed. */
export interface Flip {
  readonly file: string;
  readonly task: string;
  readonly sample: number | null;
  readonly before: string;
  readonly after: Verdict['outcome'];
  readonly reason: string;
  readonly extracted: string | null;
  readonly reference: unknown;
}

export interface RescoredStep {
  readonly file: string;
  readonly rollouts: number;
  /** Share stored as correct, and share correct now, both among all rollouts. */
  readonly correctBefore: number;
  readonly correctAfter: number;
  readonly flips: readonly Flip[];
  readonly verdicts: readonly Verdict[];
}

/** The rollout files of a run folder in the order of steps. */
export async function rolloutFiles(run: string): Promise<string[]> {
  const folder = basename(run) === 'rollouts' ? run : join(run, 'rollouts');
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `touchstone rescore: ${folder} must be a folder of rollouts, got ${error.code ?? ''}; name a run folder`,
    );
  });
  const files = names.filter((name) => name.endsWith('.parquet')).sort();
  if (files.length > 0) return files.map((name) => join(folder, name));
  throw new UserError(`touchstone rescore: ${folder} must hold step-*.parquet files, got none; name another run`);
}

/** Judges the rollouts of one file again and compares with the outcomes stored beside them. */
export async function rescoreFile(
  file: string,
  verifier: VerifierTarget,
  pool: VerifierPool,
  options?: Job['options'],
): Promise<RescoredStep> {
  const rows = await readTable(file);
  const judged = await judgeRows(rows, verifier, { response: 'response', reference: 'reference' }, pool, options);
  const before = rows.map(({ fields }) => String(fields.outcome));
  const share = (count: number): number => (rows.length === 0 ? 0 : count / rows.length);
  return {
    file: basename(file),
    rollouts: rows.length,
    correctBefore: share(before.filter((outcome) => outcome === 'correct').length),
    correctAfter: share(judged.filter(({ verdict }) => verdict.outcome === 'correct').length),
    flips: judged.flatMap(({ row, verdict, job }, i) => {
      if (before[i] === verdict.outcome) return [];
      const { outcome, reason, extracted } = verdict;
      const sample = row.fields.sample === undefined ? null : Number(row.fields.sample);
      const task = String(row.fields.task);
      const stored = before[i] ?? '';
      return [
        {
          file: basename(file),
          task,
          sample,
          before: stored,
          after: outcome,
          reason,
          extracted,
          reference: job.reference,
        },
      ];
    }),
    verdicts: judged.map(({ verdict }) => verdict),
  };
}
