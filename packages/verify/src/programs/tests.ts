import { jsonText } from '../python/values.js';
import type { ProgramLanguage } from '../sandbox/program.js';

/** Calls the function and awaits it where it is `async`; passed when the result equals `expected` (see `pythonEqual`). */
export interface CallTest {
  /** Default: the function of the suite. A dotted path such as `Solution.solve` is followed. */
  readonly function?: string;
  readonly args: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Absent with a checker, or where a reference solution gives it. */
  readonly expected?: unknown;
  /** Share of this test in a weighted score; default 1. */
  readonly weight?: number;
}

/** Runs the program on this input; passed when it prints `expected` (see `sameOutput`) and ends with code 0. */
export interface StdinTest {
  readonly stdin: string;
  readonly expected?: string;
  readonly weight?: number;
}

export type ProgramTest = CallTest | StdinTest;

/** The tests of a program. Any of the kinds may be absent; together they make one vector, in the order given here. */
export interface TestSuite {
  /** Default: python. */
  readonly language?: ProgramLanguage;
  /** Function that calls and assertions are about. */
  readonly function?: string;
  /** Put before the program: a signature to complete, imports. */
  readonly prefix?: string;
  /** Calls and runs on input, with what is expected of them. */
  readonly tests?: readonly ProgramTest[];
  /** A script whose `assert` statements are tests, or several such scripts; Python only. */
  readonly assertions?: string | readonly string[];
  /** Trusted definitions for the assertions, such as helper functions of the task. */
  readonly setup?: string;
  /** A solution that gives the expected results of tests that have none (a stress test). */
  readonly solution?: string;
  /**
   * Python source that defines `check(input, output, expected)` and returns whether the output is right, for tasks with
   * several right answers. `input` is the list of arguments or the text of stdin. An output on which it raises or runs
   * too long is wrong.
   */
  readonly checker?: string;
}

/** `wrong`: it ran and gave something else. `not-run`: the time for all tests together was over. */
export type TestOutcome = 'passed' | 'wrong' | 'error' | 'timeout' | 'memory' | 'crashed' | 'not-run';

/** How one test went; texts are cut to a length that can be read. */
export interface TestResult {
  readonly outcome: TestOutcome;
  readonly input: string;
  readonly expected: string;
  readonly got: string;
  /** The last lines of stderr, or why the run ended. */
  readonly stderr: string;
  readonly weight: number;
  readonly elapsedMs: number;
}

export interface TestLimits {
  /** Milliseconds for each test; default 5000. */
  readonly wallMs?: number;
  readonly memoryMb?: number;
  readonly outputBytes?: number;
  /** Milliseconds of running, not of waiting for a process, for all tests of a program; default `defaultTotalMs`. */
  readonly totalMs?: number;
  readonly floatTolerance?: number;
}

export const defaultTotalMs = 60_000;

/** A test that gives its program no answer to compare with. */
export class SuiteError extends Error {
  override readonly name = 'SuiteError';
}

export function isStdinTest(test: ProgramTest): test is StdinTest {
  return 'stdin' in test;
}

/** A value as short text for people: JSON, cut. */
export function shown(value: unknown, length = 300): string {
  const text = typeof value === 'string' ? value : jsonText(value);
  return text.length <= length ? text : `${text.slice(0, length)} ... (${text.length} characters)`;
}

/** The end of a text, where the reason of a failure stands. */
export function tail(text: string, length = 600): string {
  const trimmed = text.trim();
  return trimmed.length <= length ? trimmed : `... ${trimmed.slice(-length)}`;
}
