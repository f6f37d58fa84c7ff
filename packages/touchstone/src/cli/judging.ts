import { availableParallelism } from 'node:os';
import { InvalidArgumentError, type Command } from 'commander';
import type { Verdict } from '@touchstone/verify';
import { isExecutedKind } from '@touchstone/verify';
import { VerifierPool, type PoolOptions, type VerifierTarget } from '@touchstone/verify/runner';
import { UserError } from '../errors.js';
import { parseTarget } from '../scoring/target.js';
import { oneLine, percent } from './text.js';

/** The options of every command that judges. */
export interface JudgingOptions {
  readonly deadline?: number;
  readonly workers?: number;
  readonly options?: string;
  readonly json?: boolean;
}

/** Adds `--options`, `--deadline`, `--workers` and `--json`. */
export function judgingOptions(command: Command): Command {
  return command
    .option('--options <json>', 'options of the verifier as a JSON object')
    .option('--deadline <ms>', 'milliseconds a response may take (default 5000); then it is a timeout', positiveNumber)
    .option('--workers <count>', 'threads that judge; default: the number of cores', positiveInteger)
    .option('--json', 'print JSON');
}

/** Long enough for a cold start on a busy machine; verdicts themselves take microseconds to milliseconds. */
const DEADLINE_MS = 5000;

/** The verifier that a person names. Kinds that execute have limits of their own, in their options. */
export function judgingTarget(kind: string, { deadline }: JudgingOptions, directory: string): VerifierTarget {
  const target = parseTarget(kind, directory);
  if (deadline === undefined || !isExecutedKind(target)) return target;
  const option = target === 'verilog' ? 'timeoutMs' : 'wallMs';
  throw new UserError(
    `--deadline: must be left out for ${target}, which has a limit of its own, got ${deadline}; write --options '{"${option}":${deadline}}'`,
  );
}

/** Runs `use` with a pool as the options ask for, and closes it. */
export async function withPool<T>(
  options: JudgingOptions & Pick<PoolOptions, 'resources' | 'spares'>,
  use: (pool: VerifierPool) => Promise<T>,
): Promise<T> {
  const pool = new VerifierPool({
    workers: options.workers ?? availableParallelism(),
    deadlineMs: options.deadline ?? DEADLINE_MS,
    ...(options.spares !== undefined && { spares: options.spares }),
    ...(options.resources !== undefined && { resources: options.resources }),
  });
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}

/** The verifier's own options, from `--options`. */
export function verifierOptions({ options }: JudgingOptions): Readonly<Record<string, unknown>> | undefined {
  if (options === undefined) return undefined;
  const value = parseJson('--options', options);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UserError(`--options: must be a JSON object, got ${options}; write something like '{"mode":"loose"}'`);
}

export function parseJson(flag: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UserError(
      `${flag}: must be JSON, got ${oneLine(text)} (${(error as Error).message}); mind the shell's quotes`,
    );
  }
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`It must be a positive number, got ${text}.`);
}

export function positiveInteger(text: string): number {
  const value = positiveNumber(text);
  if (Number.isInteger(value)) return value;
  throw new InvalidArgumentError(`It must be a whole number, got ${text}.`);
}

/** A verdict for people: outcome, reason, what was extracted, and the feedback. */
export function verdictLines(verdict: Verdict): string[] {
  const { outcome, score, reason, extracted, feedback, parts, elapsedMs } = verdict;
  const lines = [`${outcome} (${reason}), score ${rounded(score)}, ${elapsedMs.toFixed(2)} ms`];
  if (extracted !== null) lines.push(`  extracted  ${oneLine(extracted)}`);
  for (const [name, part] of Object.entries(parts)) lines.push(`  ${name}  ${rounded(part)}`);
  if (feedback !== '') lines.push(`  ${oneLine(feedback)}`);
  return lines;
}

/** Four decimals at most. */
function rounded(value: number): string {
  return String(Number(value.toFixed(4)));
}

/** `12 of 40 (30.0 %)`. */
export function shareOf(count: number, total: number): string {
  return `${count} of ${total} (${percent(total === 0 ? Number.NaN : count / total)})`;
}
