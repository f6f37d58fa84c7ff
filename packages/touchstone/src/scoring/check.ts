/** Proof by trial that the gold answers of a data set earn full marks, in each of the forms that models write. */
import {
  executedFixtures,
  verifierFixtures,
  type ExecutedKind,
  type Verdict,
  type VerifierKind,
} from '@touchstone/verify';
import type { Job, VerifierPool, VerifierTarget } from '@touchstone/verify/runner';
import type { Row } from '../task/loaders/rows.js';
import { referenceOf, type RowFields } from './judge-rows.js';
import { textOf } from './table.js';

/** How a gold answer may be put to the verifier; `{}` stands for it. */
export const answerForms: Readonly<Record<string, string>> = {
  plain: '{}',
  boxed: '\\boxed{{}}',
  phrase: 'The answer is {}.',
  hashes: '#### {}',
  tags: '<answer>{}</answer>',
};

export interface CheckFailure {
  readonly where: string;
  readonly form: string;
  readonly outcome: Verdict['outcome'];
  readonly score: number;
  readonly reason: string;
  readonly feedback: string;
  readonly extracted: string | null;
  readonly reference: unknown;
}

export interface CheckReport {
  readonly rows: number;
  /** Answers tried: rows times forms. */
  readonly tried: number;
  readonly failed: number;
  readonly failures: readonly CheckFailure[];
}

export interface CheckSettings extends Omit<RowFields, 'response'> {
  /** Names of `answerForms`; ignored where `solution` is given. */
  readonly forms: readonly string[];
  /** A field that holds a whole response known to be right. */
  readonly solution?: string | undefined;
  readonly options?: Job['options'];
}

/** Puts every row's gold answer to the verifier and lists what does not earn a score of 1. */
export async function checkGold(
  rows: readonly Row[],
  verifier: VerifierTarget,
  settings: CheckSettings,
  pool: VerifierPool,
): Promise<CheckReport> {
  const tries = rows.flatMap((row) => {
    const reference = referenceOf(row, settings);
    return responsesOf(row, reference, settings).map(({ form, response }) => ({ row, reference, form, response }));
  });
  const { options } = settings;
  const jobs = tries.map(({ reference, response }): Job => ({
    verifier,
    response,
    reference,
    ...(options !== undefined && { options }),
  }));
  const verdicts = await pool.runAll(jobs);
  const failures = tries.flatMap(({ row, form, reference }, i): CheckFailure[] => {
    const { outcome, score, reason, feedback, extracted } = verdicts[i] as Verdict;
    if (outcome === 'correct' && score === 1) return [];
    return [{ where: row.where, form, outcome, score, reason, feedback, extracted, reference }];
  });
  return { rows: rows.length, tried: tries.length, failed: failures.length, failures };
}

/** Judges the cases that a registered verifier ships, twice each, and lists those that are not as they say. */
export async function checkFixtures(kind: VerifierKind | ExecutedKind, pool: VerifierPool): Promise<CheckReport> {
  const fixtures = { ...verifierFixtures, ...executedFixtures }[kind];
  const jobs = fixtures.map(({ response, reference, options }): Job => ({
    verifier: kind,
    response,
    reference,
    ...(options !== undefined && { options }),
  }));
  const [verdicts, again] = [await pool.runAll(jobs), await pool.runAll(jobs)];
  const failures = fixtures.flatMap((fixture, i): CheckFailure[] => {
    const verdict = verdicts[i] as Verdict;
    const isSame = verdict.outcome === again[i]?.outcome && verdict.reason === again[i]?.reason;
    const isRight =
      verdict.score === (fixture.kind === 'full' ? 1 : 0) && verdict.reason === (fixture.reason ?? verdict.reason);
    if (isSame && isRight) return [];
    const { outcome, score, reason, feedback, extracted } = verdict;
    const form = isSame ? fixture.kind : 'determinism';
    return [
      { where: `case ${i + 1}`, form, outcome, score, reason, feedback, extracted, reference: fixture.reference },
    ];
  });
  return { rows: fixtures.length, tried: fixtures.length, failed: failures.length, failures };
}

function responsesOf(
  row: Row,
  reference: unknown,
  { forms, solution }: CheckSettings,
): { form: string; response: string }[] {
  if (solution !== undefined) return [{ form: 'solution', response: textOf(row, solution) }];
  const first: unknown = Array.isArray(reference) ? reference[0] : reference;
  const gold = typeof first === 'string' ? first : JSON.stringify(first);
  return forms.map((form) => ({ form, response: (answerForms[form] ?? '{}').replace('{}', () => gold) }));
}
