/** @file Loong (arXiv 2509.03059): agreement between an executed program and an answer in words. */
import { parsePythonLiteral, pythonEqual, type PythonValue } from './python-literal.js';

/**
 * The verifier's comparison. Without a tolerance values must be equal; with one, numbers (booleans count as 0 and 1) may
 * differ by it, containers of the same type are compared part by part, and everything else must be equal.
 */
export function equalWithTolerance(a: PythonValue, b: PythonValue, tolerance: number | null): boolean {
  return pythonEqual(a, b, (x, y) => (tolerance === null ? x === y : Math.abs(x - y) <= tolerance));
}

function isAllNumeric(value: PythonValue): boolean {
  switch (value.kind) {
    case 'number':
    case 'boolean':
      return true;
    case 'list':
    case 'tuple':
      return value.items.every(isAllNumeric);
    case 'dict':
      return [...value.entries.values()].every(isAllNumeric);
    case 'none':
    case 'string':
    case 'set':
      return false;
  }
}

/**
 * The batch script's comparison of printed output and stored answer. Without a precision the texts must be the same; with
 * one, both must be literals of numbers in lists, tuples (which may mix) and dictionaries, each within the precision.
 */
export function compareExecutionToAnswer(output: string | null, answer: string, precision: number | null): boolean {
  if (output === null) return false;
  if (precision === null) return output === answer;
  const [a, b] = [parsePythonLiteral(output.trim()), parsePythonLiteral(answer.trim())];
  if (a === null || b === null || !isAllNumeric(a) || !isAllNumeric(b)) return false;
  return pythonEqual(a, b, (x, y) => Math.abs(x - y) <= precision, true);
}

export interface SyntheticRecord {
  readonly code: string;
  readonly codeAnswer: string | null;
  readonly cotAnswer: string | null;
}

/** Shares of a batch of synthetic items; the three rates sum to 1. An item is kept if program and reasoning agree. */
export interface SyntheticReport {
  readonly passRate: number;
  readonly rejectRate: number;
  readonly nonExecutableRate: number;
  readonly kept: readonly number[];
}

/** What a batch of generated items is worth. An empty batch has rates 0. */
export function syntheticBatchReport(records: readonly SyntheticRecord[]): SyntheticReport {
  const runs = records.map(({ code, codeAnswer }) => code === 'success' && codeAnswer !== null);
  const kept = records.flatMap(({ codeAnswer, cotAnswer }, index) =>
    runs[index] === true && codeAnswer === cotAnswer ? [index] : [],
  );
  const total = Math.max(1, records.length);
  const executable = runs.filter(Boolean).length;
  return {
    passRate: kept.length / total,
    rejectRate: (executable - kept.length) / total,
    nonExecutableRate: (records.length - executable) / total,
    kept,
  };
}

/** 1 for success, 0 for failure, error and timeout, plus the named extra rewards. */
export function singleStepReward(status: string, customRewards: Readonly<Record<string, number>>): number {
  return Object.values(customRewards).reduce((total, reward) => total + reward, status === 'success' ? 1 : 0);
}
