import type { Verdict } from '@touchstone/verify';
import type { Job, VerifierPool, VerifierTarget } from '@touchstone/verify/runner';
import type { Row } from '../task/loaders/rows.js';
import { fieldOf, textOf } from './table.js';

/** Where a row keeps what a verifier needs. */
export interface RowFields {
  readonly response: string;
  readonly reference: string;
  /** The reference is what follows the last of these in its field, such as `####`. */
  readonly referenceAfter?: string | undefined;
  /** JSON text in the reference field is read as its value. */
  readonly referenceJson?: boolean | undefined;
}

export interface JudgedRow {
  readonly row: Row;
  readonly job: Job;
  readonly verdict: Verdict;
}

/**
 * Judges every row of a table; verdicts stand in the order of the rows. `onJudged` sees each row in that order too, as
 * soon as those before it are judged; what it throws ends the run.
 */
export async function judgeRows(
  rows: readonly Row[],
  verifier: VerifierTarget,
  fields: RowFields,
  pool: VerifierPool,
  options?: Job['options'],
  onJudged?: (judged: JudgedRow) => void,
): Promise<JudgedRow[]> {
  const jobs = rows.map((row): Job => ({
    verifier,
    response: textOf(row, fields.response),
    reference: referenceOf(row, fields),
    ...(options !== undefined && { options }),
  }));
  const judged: JudgedRow[] = [];
  const early = new Map<number, Verdict>();
  const onVerdict = (verdict: Verdict, position: number): void => {
    early.set(position, verdict);
    for (let next = early.get(judged.length); next !== undefined; next = early.get(judged.length)) {
      early.delete(judged.length);
      const entry = { row: rows[judged.length] as Row, job: jobs[judged.length] as Job, verdict: next };
      judged.push(entry);
      onJudged?.(entry);
    }
  };
  await pool.runAll(jobs, { onVerdict });
  return judged;
}

/** The reference of a row: its field, or the part of it that is the answer. */
export function referenceOf(
  row: Row,
  { reference, referenceAfter, referenceJson }: Omit<RowFields, 'response'>,
): unknown {
  if (referenceAfter !== undefined) {
    const text = textOf(row, reference);
    const place = text.lastIndexOf(referenceAfter);
    return place < 0 ? '' : text.slice(place + referenceAfter.length).trim();
  }
  const value = fieldOf(row, reference);
  if (referenceJson !== true || typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    // Text that is no JSON stays text: the verifier says whether it can be read.
    return value;
  }
}

/** How many verdicts ended in which way, and how many milliseconds they took. */
export interface VerdictCounts {
  readonly rows: number;
  readonly outcomes: Readonly<Partial<Record<Verdict['outcome'], number>>>;
  /** Mean score of the judged rows; null where none was judged. */
  readonly meanScore: number | null;
}

export function countVerdicts(verdicts: readonly Verdict[]): VerdictCounts {
  const outcomes: Partial<Record<Verdict['outcome'], number>> = {};
  for (const { outcome } of verdicts) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const scores = verdicts
    .filter(({ outcome }) => outcome === 'correct' || outcome === 'incorrect')
    .map(({ score }) => score);
  const meanScore = scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return { rows: verdicts.length, outcomes, meanScore };
}
