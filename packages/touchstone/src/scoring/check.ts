/** Proof by trial that the gold answers of a data set earn full marks, in each of the forms that models write. */
import type { Verdict } from '@touchstone/verify';
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
