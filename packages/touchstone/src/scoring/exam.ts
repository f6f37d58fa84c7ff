/** Verifiers against rows whose verdict is known: other projects' test suites, or labels of one's own. */
import { basename, extname, join } from 'node:path';
import { readdir, stat } from 'node:fs/promises';
import { isVerifierKind, type Verdict } from '@touchstone/verify';
import type { Job, VerifierPool, VerifierTarget } from '@touchstone/verify/runner';
import { UserError } from '../errors.js';
import type { Row } from '../task/loaders/rows.js';
import { quantile } from './quantile.js';
import { fieldOf, readTable, textOf } from './table.js';

/** A row on which the verdict was not the expected one. */
export interface ExamMiss {
  readonly id: string;
  readonly expected: boolean;
  readonly outcome: Verdict['outcome'];
  readonly reason: string;
  readonly extracted: string | null;
  readonly reference: unknown;
  /** Its end, 200 characters at most: answers stand there. */
  readonly response: string;
}

/** What `--json` prints for a file. Accuracy, false counts and misses leave the policy rows out; times do not. */
export interface ExamReport {
  readonly file: string;
  readonly rows: number;
  /** Rows whose `notes` begin with `policy:`: one grader's convention. */
  readonly policyRows: number;
  /** Share of the other rows with the expected verdict; null where there is none. */
  readonly accuracy: number | null;
  /** Accepted, but wrong. */
  readonly falsePositives: number;
  /** Not accepted, but right. A row that could not be judged was not accepted. */
  readonly falseNegatives: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly misses: readonly ExamMiss[];
}

interface ExamRow {
  readonly id: string;
  readonly job: Job;
  readonly expected: boolean;
  readonly policy: boolean;
}

/** Which verifier judges a row of a domain. */
const kindOfDomain: Readonly<Record<string, string>> = {
  math: 'math',
  mcq: 'choice',
  text: 'text',
  format: 'format',
  instruction: 'instructions',
};

/** The exam files of a path: itself, or every `.json`, `.jsonl` and `.parquet` file of a folder, by name. */
export async function examFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error.code ?? String(error));
  if (typeof found === 'string') {
    throw new UserError(`touchstone exam: ${path} must be a file or folder, got ${found}; check the path`);
  }
  if (found.isFile()) return [path];
  const endings = ['.json', '.jsonl', '.parquet'];
  const names = (await readdir(path)).filter((name) => endings.includes(extname(name))).sort();
  if (names.length > 0) return names.map((name) => join(path, name));
  throw new UserError(`touchstone exam: ${path} must hold ${endings.join(', ')} files, got none; name a file`);
}

/**
 * Judges every row of a file, one after the other so that times are those of a single core. `kind` judges the rows that
 * have no `domain` of their own.
 */
export async function runExam(file: string, pool: VerifierPool, kind?: VerifierTarget): Promise<ExamReport> {
  const rows = (await readTable(file)).map((row) => readExamRow(row, kind));
  const verdicts = await pool.runAll(
    rows.map(({ job }) => job),
    { concurrency: 1 },
  );
  const judged = rows.map((row, i) => ({ ...row, verdict: verdicts[i] as Verdict }));
  const gated = judged.filter(({ policy }) => !policy);
  const wrong = gated.filter(({ expected, verdict }) => (verdict.outcome === 'correct') !== expected);
  const times = verdicts.map(({ elapsedMs }) => elapsedMs).sort((a, b) => a - b);
  return {
    file: basename(file),
    rows: rows.length,
    policyRows: rows.length - gated.length,
    accuracy: gated.length === 0 ? null : (gated.length - wrong.length) / gated.length,
    falsePositives: wrong.filter(({ expected }) => !expected).length,
    falseNegatives: wrong.filter(({ expected }) => expected).length,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    maxMs: quantile(times, 1),
    misses: wrong.map(({ id, expected, job, verdict }) => ({
      id,
      expected,
      outcome: verdict.outcome,
      reason: verdict.reason,
      extracted: verdict.extracted,
      reference: job.reference,
      response: job.response.slice(-200),
    })),
  };
}

/** A row as `{ prediction | response, reference | instruction_id + kwargs, expected, domain?, notes? }`. */
export function readExamRow(row: Row, kind?: VerifierTarget): ExamRow {
  const { fields, where } = row;
  const expected = fieldOf(row, 'expected');
  if (typeof expected !== 'boolean') {
    throw new UserError(
      `${where}: field expected must be true or false, got ${JSON.stringify(expected)}; mend the row`,
    );
  }
  const response = textOf(row, 'prediction' in fields ? 'prediction' : 'response');
  const instruction = fields.instruction_id;
  const judged =
    instruction === undefined
      ? { verifier: verifierOf(row, kind), reference: fieldOf(row, 'reference') }
      : { verifier: 'instructions' as const, reference: [{ id: instruction, kwargs: fields.kwargs ?? {} }] };
  return {
    id: typeof fields.id === 'string' ? fields.id : where,
    job: { ...judged, response },
    expected,
    policy: typeof fields.notes === 'string' && fields.notes.startsWith('policy:'),
  };
}

function verifierOf(row: Row, fallback: VerifierTarget | undefined): VerifierTarget {
  if (row.fields.domain === undefined && fallback !== undefined) return fallback;
  const domain = textOf(row, 'domain');
  const kind = kindOfDomain[domain];
  if (kind !== undefined && isVerifierKind(kind)) return kind;
  const known = Object.keys(kindOfDomain).join(', ');
  throw new UserError(`${row.where}: field domain must be one of ${known}, got ${domain}; mend the row`);
}
