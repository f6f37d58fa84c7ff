import type { PythonStep } from '../python/job.js';
import type { PythonSandbox } from '../python/sandbox.js';
import { jsonText, pythonEqual, toPython, ValueError } from '../python/values.js';
import type { SandboxLimits } from '../sandbox/backend.js';
import type { Sandbox } from '../sandbox/program.js';
import { PlainRunner } from './plain-tests.js';
import { StepRunner, type StepEnd } from './python-tests.js';
import { sameOutput } from './output.js';
import { defaultTotalMs, isStdinTest, shown, SuiteError, tail } from './tests.js';
import type { ProgramTest, TestLimits, TestOutcome, TestResult, TestSuite } from './tests.js';

/** Where programs run. A suite in JavaScript or TypeScript needs the second; its checker is Python all the same. */
export interface Walls {
  readonly python: PythonSandbox;
  readonly javascript?: Sandbox;
}

/** Runs steps over a program. */
interface Runner {
  run(source: string, steps: readonly PythonStep[]): Promise<StepEnd[]>;
}

/**
 * Runs a program against its tests and returns one result for each, in the order of the suite: calls and inputs
 * first, then assertions as they are executed. Expected values stay on this side; the program's interpreter never
 * holds them. Throws a `SuiteError` when the suite itself is at fault.
 */
export async function runSuite(
  program: string,
  suite: TestSuite,
  walls: Walls,
  limits: TestLimits = {},
  signal?: AbortSignal,
): Promise<TestResult[]> {
  const source = (suite.prefix ?? '') + program;
  const python = (): StepRunner => pythonRunner(walls, limits, signal);
  const runner = (): Runner => runnerOf(walls, suite, limits, signal);
  const tests = await withExpectations(suite, runner);
  const ends = await runTests(runner(), source, suite, tests);
  const results = await judged(suite, tests, ends, python, limits.floatTolerance ?? 0);
  const scripts = typeof suite.assertions === 'string' ? [suite.assertions] : (suite.assertions ?? []);
  const judge = python();
  for (const script of scripts) results.push(...(await runScript(judge, source, suite, script)));
  if (results.length === 0)
    throw new SuiteError('runSuite: a suite must hold tests, got none; give tests or assertions');
  return results;
}

/** A runner that has the time for all tests before it. */
function runnerOf({ python, javascript }: Walls, suite: TestSuite, limits: TestLimits, signal?: AbortSignal): Runner {
  const { language = 'python' } = suite;
  if (language === 'python') return pythonRunner({ python }, limits, signal);
  if (javascript === undefined)
    throw new SuiteError(`runSuite: ${language} needs a sandbox for it, got none; give one`);
  return new PlainRunner(javascript, language, sandboxLimits(limits), limits.totalMs ?? defaultTotalMs, signal);
}

function pythonRunner({ python }: Walls, limits: TestLimits, signal?: AbortSignal): StepRunner {
  return new StepRunner(python, sandboxLimits(limits), limits.totalMs ?? defaultTotalMs, signal);
}

function sandboxLimits({ wallMs, memoryMb, outputBytes }: TestLimits): Partial<SandboxLimits> {
  return {
    ...(wallMs !== undefined && { wallMs }),
    ...(memoryMb !== undefined && { memoryMb }),
    ...(outputBytes !== undefined && { outputBytes }),
  };
}

function stepOf(test: ProgramTest, suite: TestSuite): PythonStep {
  if (isStdinTest(test)) return { kind: 'script', stdin: test.stdin };
  const name = test.function ?? suite.function;
  if (name === undefined) throw new SuiteError('runSuite: a call needs a function, got none; name it in the suite');
  const { args, kwargs = {} } = test;
  if (suite.language !== undefined && suite.language !== 'python') {
    if (Object.keys(kwargs).length === 0) return { kind: 'call', function: name, args };
    throw new SuiteError(`runSuite: ${suite.language} has no named arguments, got kwargs; give one object in args`);
  }
  const fault = sendingFault([args, kwargs]);
  if (fault !== null) throw new SuiteError(`runSuite: arguments must have a form in Python, got none (${fault})`);
  return { kind: 'call', function: name, args, kwargs };
}

/** Why a value has no form in Python, or null. */
function sendingFault(value: unknown): string | null {
  try {
    toPython(value);
    return null;
  } catch (thrown) {
    if (thrown instanceof ValueError) return thrown.message;
    throw thrown;
  }
}

/** Calls and inputs in two runs, since scripts start from a fresh interpreter; the ends in the order of the tests. */
async function runTests(
  runner: Runner,
  source: string,
  suite: TestSuite,
  tests: readonly ProgramTest[],
): Promise<StepEnd[]> {
  const steps = tests.map((test) => stepOf(test, suite));
  const ends: StepEnd[] = [];
  for (const script of [false, true]) {
    const places = [...steps.keys()].filter((index) => (steps[index]?.kind === 'script') === script);
    const part = places.flatMap((index) => steps[index] ?? []);
    for (const [at, end] of (await runner.run(source, part)).entries()) ends[places[at] ?? 0] = end;
  }
  return ends;
}

/** The tests with what the solution of the suite gives where they expect nothing themselves. */
async function withExpectations(suite: TestSuite, runner: () => Runner): Promise<readonly ProgramTest[]> {
  const tests = suite.tests ?? [];
  const open = tests.filter((test) => !('expected' in test));
  if (open.length === 0 || (suite.solution === undefined && suite.checker !== undefined)) return tests;
  if (suite.solution === undefined) {
    throw new SuiteError('runSuite: a test needs an expected result, got none; give it, a solution or a checker');
  }
  const source = (suite.prefix ?? '') + suite.solution;
  const ends = await runTests(runner(), source, suite, open);
  const answers = new Map<ProgramTest, unknown>();
  for (const [index, test] of open.entries()) answers.set(test, answerOf(test, ends[index]));
  return tests.map((test) => (answers.has(test) ? { ...test, expected: answers.get(test) } : test) as ProgramTest);
}

function answerOf(test: ProgramTest, end: StepEnd | undefined): unknown {
  if (end?.ended === 'done' && isGood(end, isStdinTest(test))) {
    return isStdinTest(test) ? end.result.stdout : end.result.value;
  }
  const why = end === undefined ? 'nothing' : end.ended === 'done' ? end.result.detail : end.detail;
  throw new SuiteError(
    `runSuite: the solution must answer every test, got ${why}; mend it or the test ${inputOf(test)}`,
  );
}

function isGood(end: StepEnd & { ended: 'done' }, script: boolean): boolean {
  const { outcome, truncated } = end.result;
  return (outcome === 'ok' || (script && outcome === 'exit')) && !(script && truncated);
}

function inputOf(test: ProgramTest): string {
  if (isStdinTest(test)) return shown(test.stdin);
  const words = Object.entries(test.kwargs ?? {}).map(([name, value]) => `${name}=${shown(value)}`);
  return [...test.args.map(jsonText), ...words].join(', ').slice(0, 300);
}

async function judged(
  suite: TestSuite,
  tests: readonly ProgramTest[],
  ends: readonly StepEnd[],
  runner: () => Runner,
  floatTolerance: number,
): Promise<TestResult[]> {
  const opinions = suite.checker === undefined ? null : await checked(suite.checker, tests, ends, runner());
  return tests.map((test, index) => {
    const end = ends[index] ?? { ended: 'not-run' as const, detail: '', elapsedMs: 0 };
    const opinion = opinions?.[index];
    const right = (): boolean => opinion?.right ?? isRight(test, end, floatTolerance);
    const result = resultOf(test, end, right);
    const stderr = opinion === undefined || opinion.why === '' ? result.stderr : `the checker: ${tail(opinion.why)}`;
    return { ...result, stderr, weight: test.weight ?? 1 };
  });
}

function isRight(test: ProgramTest, end: StepEnd, floatTolerance: number): boolean {
  if (end.ended !== 'done') return false;
  if (isStdinTest(test)) return sameOutput(test.expected ?? '', end.result.stdout, floatTolerance);
  return pythonEqual(test.expected, end.result.value, { floatTolerance });
}

/** What a checker says of a test; `why` where it has not said it itself. */
interface Opinion {
  readonly right: boolean;
  readonly why: string;
}

const WRONG: Opinion = { right: false, why: '' };

/**
 * What the checker says of each output; it runs alone in its interpreter. It is not asked about a test that gave no
 * output, or one that is no data: those are wrong, and so is one on which it raises or runs too long, because what an
 * output is lies with the program. Throws a `SuiteError` for a checker that does not load.
 */
async function checked(
  checker: string,
  tests: readonly ProgramTest[],
  ends: readonly StepEnd[],
  runner: Runner,
): Promise<Opinion[]> {
  const opinions = tests.map(() => WRONG);
  const asked: number[] = [];
  // Its own step, which tells a checker that does not load from one that raises; its last line must be known by then.
  const steps: PythonStep[] = [{ kind: 'load' }];
  for (const [index, test] of tests.entries()) {
    const end = ends[index];
    if (end?.ended !== 'done' || !isGood(end, isStdinTest(test))) continue;
    const output = (isStdinTest(test) ? end.result.stdout : end.result.value) ?? null;
    if (sendingFault(output) !== null) continue;
    const [input, expected] = [isStdinTest(test) ? test.stdin : test.args, test.expected ?? null];
    const fault = sendingFault(expected);
    if (fault !== null) throw new SuiteError(`runSuite: expected must have a form in Python, got none (${fault})`);
    asked.push(index);
    steps.push({ kind: 'call', function: 'check', args: [input, output, expected] });
  }
  const [load, ...answers] = await runner.run(`${checker}\ncheck`, steps);
  if (asked.length > 0) mustLoad(load);
  for (const [at, answer] of answers.entries()) {
    const why = whyNot(answer);
    if (answer.ended === 'crashed') throw new SuiteError(`runSuite: the checker must end by itself, got ${why}`);
    opinions[asked[at]!] = why === null ? { right: valueOf(answer) === true, why: '' } : { right: false, why };
  }
  return opinions;
}

function mustLoad(load: StepEnd | undefined): void {
  const why = load === undefined ? 'nothing' : whyNot(load);
  if (why !== null) throw new SuiteError(`runSuite: the checker must define check, got ${why}; mend it`);
}

/** Why a step gave no result, or null. */
function whyNot(end: StepEnd): string | null {
  if (end.ended !== 'done') return `${end.ended}: ${end.detail}`;
  return end.result.outcome === 'ok' ? null : end.result.detail;
}

function valueOf(end: StepEnd): unknown {
  return end.ended === 'done' ? end.result.value : undefined;
}

function resultOf(test: ProgramTest, end: StepEnd, isRight: () => boolean): Omit<TestResult, 'weight'> {
  const common = { input: inputOf(test), expected: shown(test.expected ?? '') };
  if (end.ended !== 'done') {
    return { ...common, outcome: end.ended, got: '', stderr: end.detail, elapsedMs: end.elapsedMs };
  }
  const { result } = end;
  const script = isStdinTest(test);
  const got = script ? result.stdout : result.value;
  const shownGot = shown(got ?? null);
  const { elapsedMs } = result;
  if (!isGood(end, script)) {
    const outcome: TestOutcome = result.outcome === 'memory' ? 'memory' : 'error';
    return { ...common, outcome, got: script ? shownGot : '', stderr: tail(result.stderr || result.detail), elapsedMs };
  }
  return { ...common, outcome: isRight() ? 'passed' : 'wrong', got: shownGot, stderr: tail(result.stderr), elapsedMs };
}

async function runScript(runner: StepRunner, source: string, suite: TestSuite, script: string): Promise<TestResult[]> {
  const name = suite.function === undefined ? {} : { function: suite.function };
  const found = await runner.assertions(source, { kind: 'assertions', setup: suite.setup ?? '', script, ...name });
  const lines = script.split('\n');
  const entry = (line: number): string => shown(lines[line - 1]?.trim() ?? 'the test script');
  const blank = { expected: '', got: '', weight: 1, elapsedMs: 0 };
  if (Array.isArray(found)) {
    return found.map((end) => {
      const detail = end.ended === 'done' ? tail(end.result.stderr || end.result.detail) : end.detail;
      const outcome = end.ended !== 'done' ? end.ended : end.result.outcome === 'memory' ? 'memory' : 'error';
      return { ...blank, outcome, input: 'loading the program', stderr: detail };
    });
  }
  const results = found.assertions.map((each): TestResult => ({
    ...blank,
    outcome: each.ended,
    input: entry(each.line),
    stderr: tail(each.detail),
  }));
  if (found.complete && results.length > 0) return results;
  if (found.complete) throw new SuiteError('runSuite: a script must execute assertions, got none; call its tests');
  return [...results, { ...blank, outcome: 'not-run', input: 'the rest of the test script', stderr: 'not reached' }];
}
