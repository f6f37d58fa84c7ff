/**
 * @file Programs judged by running them against tests, behind a wall. An entry of its own (`@touchstone/verify/code`),
 * because it starts processes and needs `pyodide` (and `quickjs-emscripten` for JavaScript).
 *
 * What it does not protect against: tests that do not test. A program that is wrong where no test looks is right here;
 * `@touchstone/verify/testgen` measures how much a suite sees.
 */
import { extractCode } from '../extract/code-block.js';
import type { PythonSandbox } from '../python/sandbox.js';
import type { ProgramLanguage, Sandbox } from '../sandbox/program.js';
import { crashed, incorrect, partial, timeout, unscorable, withElapsed, type Verdict } from '../verdict.js';
import { referenceData } from '../reference-data.js';
import { readCodeOptions, readSuite, type CodeOptions } from './reference.js';
import { runSuite } from './run-suite.js';
import { javascriptSandbox, pythonSandbox } from './shared.js';
import { defaultTotalMs, SuiteError, type TestResult } from './tests.js';

export interface CodeContext {
  readonly signal?: AbortSignal;
  /** Where Python programs run; default: processes that the whole process shares. */
  readonly python?: PythonSandbox;
  /** Where JavaScript and TypeScript run; default: as above. */
  readonly javascript?: Sandbox;
}

const FENCES: Readonly<Record<ProgramLanguage, readonly string[]>> = {
  python: ['python', 'py', 'python3'],
  javascript: ['javascript', 'js', 'mjs'],
  typescript: ['typescript', 'ts'],
};

const LOOKS: Readonly<Record<ProgramLanguage, RegExp>> = {
  python:
    /^(?:(?:async )?def |class |import |from \S+ import |@\w|print\(|(?:for|while|if|with|try)\b.*:|[ \t]+return\b|\w+ ?= ?\S)/m,
  javascript: /^(?:(?:async )?function\b|class |const |let |var |export |import |console\.log\()/m,
  typescript: /^(?:(?:async )?function\b|class |const |let |var |export |import |interface |type |console\.log\()/m,
};

/** The program of a response, or null. With a prefix to complete, a response without fences counts as it stands. */
export function extractProgram(response: string, language: ProgramLanguage, completes = false): string | null {
  const looksLikeCode = (text: string): boolean => completes || LOOKS[language].test(text);
  return extractCode(response, { languages: FENCES[language], looksLikeCode })?.code ?? null;
}

/**
 * Judges the program of a response by its tests; see `TestSuite` and `CodeOptions`. The parts are `share` (of tests
 * passed) and one `test-<n>` of 0 or 1 for each test, from 1: the vector on which dense rewards sit.
 *
 * Reasons: `passed` (all tests), `failed` (some did not); `no-answer`; without a judgement `bad-reference`,
 * `bad-option`, `unknown-option`, `deadline` (the time for all tests was over before one ran), `sandbox`. A test that times out is a
 * failed test. Rejects only when the signal aborts or a sandbox is closed or not installed.
 */
export async function verifyCode(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
  context: CodeContext = {},
): Promise<Verdict> {
  const startedMs = performance.now();
  const suite = readSuite(referenceData(reference));
  if (typeof suite === 'string') return unscorable('bad-reference', { feedback: suite });
  const rules = readCodeOptions(options);
  if ('option' in rules) return unscorable(rules.reason, { feedback: rules.message });
  const language = suite.language ?? 'python';
  const extracted = extractProgram(response, language, suite.prefix !== undefined);
  if (extracted === null) return incorrect('no-answer', { feedback: `the response holds no ${language} program` });
  try {
    const python = context.python ?? pythonSandbox();
    const javascript = (): Sandbox => context.javascript ?? javascriptSandbox();
    const walls = language === 'python' ? { python } : { python, javascript: javascript() };
    const results = await runSuite(extracted, suite, walls, rules, context.signal);
    return withElapsed(verdictOf(results, rules, extracted), startedMs);
  } catch (thrown) {
    if (thrown instanceof SuiteError) return unscorable('bad-reference', { feedback: thrown.message, extracted });
    throw thrown;
  }
}

function verdictOf(results: readonly TestResult[], rules: CodeOptions, extracted: string): Verdict {
  const passed = results.map(({ outcome }) => (outcome === 'passed' ? 1 : 0));
  const share = passed.reduce<number>((sum, each) => sum + each, 0) / results.length;
  const parts: Record<string, number> = { share };
  for (const [index, each] of passed.entries()) parts[`test-${index + 1}`] = each;
  const detail = { extracted, parts, feedback: feedbackOf(results) };
  if (results.every(({ outcome }) => outcome === 'crashed')) return crashed('sandbox', detail);
  if (results.every(({ outcome }) => outcome === 'not-run')) return timeout(rules.totalMs ?? defaultTotalMs, detail);
  const score = scoreOf(results, passed, share, rules);
  return partial(score, score === 1 ? 'passed' : 'failed', detail);
}

function scoreOf(results: readonly TestResult[], passed: readonly number[], share: number, rules: CodeOptions): number {
  switch (rules.score) {
    case 'all':
      return share === 1 ? 1 : 0;
    case 'share':
      return share;
    case 'weighted': {
      const weights = results.map(({ weight }) => weight);
      const total = weights.reduce((sum, each) => sum + each, 0);
      if (total === 0) throw new SuiteError('verifyCode: a weighted score needs weights above 0, got none; give one');
      return weights.reduce((sum, each, index) => sum + each * (passed[index] ?? 0), 0) / total;
    }
  }
}

/** How many tests passed and the first that did not, in words that a model can learn from. */
export function feedbackOf(results: readonly TestResult[]): string {
  const passed = results.filter(({ outcome }) => outcome === 'passed').length;
  const summary = `${passed} of ${results.length} tests passed`;
  const first = results.find(({ outcome }) => outcome !== 'passed');
  if (first === undefined) return summary;
  const lines = [`${summary}; the first that failed (${first.outcome}):`, `input: ${first.input}`];
  if (first.expected !== '') lines.push(`expected: ${first.expected}`);
  if (first.got !== '') lines.push(`got: ${first.got}`);
  if (first.stderr !== '') lines.push(first.stderr);
  return lines.join('\n');
}
