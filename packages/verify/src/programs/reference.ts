import { nearest } from '../nearest.js';
import { optionFault, type OptionFault, type OptionRule } from '../task-faults.js';
import type { ProgramTest, TestLimits, TestSuite } from './tests.js';

export type ScoreMode = 'all' | 'share' | 'weighted';

/** `score`: 1 only when all tests pass (default), the share of them, or the share by `weight`. */
export interface CodeOptions extends TestLimits {
  readonly score: ScoreMode;
}

const TEXTS = ['function', 'prefix', 'setup', 'solution', 'checker'] as const;

const SUITE_KEYS = ['language', 'tests', 'assertions', ...TEXTS];
const TEST_KEYS = ['function', 'stdin', 'args', 'kwargs', 'expected', 'weight'];

/** The suite in a reference, or what is wrong with it in words. */
export function readSuite(reference: unknown): TestSuite | string {
  const rule = 'a reference is { tests?, assertions?, function?, prefix?, setup?, solution?, checker?, language? }';
  if (!isRecord(reference)) return `verifyCode: ${rule}, got ${typeof reference}; give one`;
  const unknown = unknownKey(reference, SUITE_KEYS);
  if (unknown !== null) return `verifyCode: the reference ${unknown}`;
  const { language, tests, assertions } = reference;
  if (language !== undefined && language !== 'python' && language !== 'javascript' && language !== 'typescript') {
    return `verifyCode: language must be python, javascript or typescript, got ${JSON.stringify(language)}; give one`;
  }
  for (const name of TEXTS) {
    const value = reference[name];
    if (value !== undefined && typeof value !== 'string')
      return `verifyCode: ${name} must be a text, got ${typeof value}`;
  }
  if (tests !== undefined && !Array.isArray(tests)) return `verifyCode: tests must be a list, got ${typeof tests}`;
  for (const [index, test] of ((tests ?? []) as unknown[]).entries()) {
    const wrong = faultOf(test);
    if (wrong !== null) return `verifyCode: test ${index + 1} ${wrong}`;
  }
  const scripts: unknown[] = Array.isArray(assertions) ? assertions : assertions === undefined ? [] : [assertions];
  if (!scripts.every((each) => typeof each === 'string')) return 'verifyCode: assertions must be a text or several';
  if (scripts.length > 0 && language !== undefined && language !== 'python') {
    return `verifyCode: assertions are for python only, got ${language}; give tests instead`;
  }
  if (scripts.length === 0 && (tests ?? []).length === 0)
    return `verifyCode: ${rule}, got neither tests nor assertions`;
  return reference;
}

function faultOf(test: unknown): string | null {
  if (!isRecord(test)) return `must be an object, got ${typeof test}; give { args, expected } or { stdin, expected }`;
  const unknown = unknownKey(test, TEST_KEYS);
  if (unknown !== null) return unknown;
  const { stdin, args, kwargs, expected, weight } = test as Partial<Record<string, unknown>> & Partial<ProgramTest>;
  if ((stdin === undefined) === (args === undefined)) return 'must have either stdin or args; give one of them';
  if (stdin !== undefined && typeof stdin !== 'string') return `must have a text as stdin, got ${typeof stdin}`;
  if (stdin !== undefined && expected !== undefined && typeof expected !== 'string') {
    return `must expect a text of its output, got ${typeof expected}`;
  }
  if (args !== undefined && !Array.isArray(args)) return `must have a list as args, got ${typeof args}`;
  if (kwargs !== undefined && !isRecord(kwargs)) return `must have an object as kwargs, got ${typeof kwargs}`;
  if (weight !== undefined && !(typeof weight === 'number' && weight >= 0 && Number.isFinite(weight))) {
    return `must have a weight of at least 0, got ${JSON.stringify(weight)}`;
  }
  return null;
}

/** A misspelt checker must not turn into a comparison that nobody asked for. */
function unknownKey(given: Readonly<Record<string, unknown>>, known: readonly string[]): string | null {
  const key = Object.keys(given).find((name) => given[name] !== undefined && !known.includes(name));
  return key === undefined ? null : `has the unknown key ${key.slice(0, 60)}; did you mean ${nearest(key, known)}?`;
}

const OPTIONS = {
  score: ['all', 'share', 'weighted'],
  wallMs: 'number',
  memoryMb: 'number',
  outputBytes: 'number',
  totalMs: 'number',
  floatTolerance: 'number',
} as const satisfies Record<keyof CodeOptions, OptionRule>;

/** The options of a check, or what is wrong with them. */
export function readCodeOptions(options: Readonly<Record<string, unknown>>): CodeOptions | OptionFault {
  const fault = optionFault(options, OPTIONS);
  if (fault !== null) return fault;
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  for (const option of ['wallMs', 'memoryMb', 'outputBytes', 'totalMs'] as const) {
    if (given[option] !== 0) continue;
    return { option, reason: 'bad-option', message: `${option} must be a positive number, got 0` };
  }
  return { score: 'all', ...given };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
