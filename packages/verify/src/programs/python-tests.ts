import type { AssertionStep, PythonJob, PythonProgress, PythonStep, StepResult } from '../python/job.js';
import type { PythonSandbox } from '../python/sandbox.js';
import { defaultLimits, type SandboxLimits, type SandboxReport } from '../sandbox/backend.js';
import type { TestOutcome } from './tests.js';

/** What became of one step: its result, or how the run of it was ended. */
export type StepEnd =
  | { readonly ended: 'done'; readonly result: StepResult }
  | { readonly ended: Exclude<TestOutcome, 'passed' | 'wrong'>; readonly detail: string; readonly elapsedMs: number };

/** Runs steps over programs in a Python sandbox, so that one which crashes or hangs costs its own place only. */
export class StepRunner {
  private readonly limits: SandboxLimits;

  /** @param leftMs milliseconds of running that all steps have together */
  constructor(
    private readonly sandbox: PythonSandbox,
    limits: Partial<SandboxLimits>,
    private leftMs: number,
    private readonly signal?: AbortSignal,
  ) {
    this.limits = { ...defaultLimits, ...limits };
  }

  /** Each step's end, in order. Steps other than scripts share a module, loaded anew after a crash. */
  async run(source: string, steps: readonly PythonStep[]): Promise<StepEnd[]> {
    const ends: StepEnd[] = [];
    while (ends.length < steps.length) {
      const rest = steps.slice(ends.length);
      const loads = rest[0]?.kind !== 'script';
      const report = await this.once(source, loads ? [{ kind: 'load' }, ...rest] : rest);
      if (report === null) break;
      const results = resultsOf(report);
      const load = loads ? results.shift() : undefined;
      const failed = failedLoad(report, load, loads);
      if (failed !== null) return [...ends, ...rest.map(() => failed)];
      ends.push(...results.map((result): StepEnd => ({ ended: 'done', result })));
      if (report.ended !== 'finished' && ends.length < steps.length) ends.push(killed(report));
    }
    const open = steps.length - ends.length;
    return [...ends, ...Array.from({ length: open }, () => NOT_RUN)];
  }

  /** The ends of the assertions of a script by their order of execution. */
  async assertions(source: string, step: AssertionStep): Promise<StepEnd[] | AssertionEnds> {
    const found: AssertionEnd[] = [];
    for (;;) {
      const skip = found.map(({ ordinal }) => ordinal);
      const report = await this.once(source, [{ kind: 'load' }, { ...step, skip }]);
      if (report === null) return { assertions: found, complete: false };
      const [load, judged] = resultsOf(report);
      const failed = failedLoad(report, load, true);
      if (failed !== null) return found.length === 0 ? [failed] : { assertions: found, complete: false };
      const known = found.length;
      if (report.ended === 'finished') {
        found.push(...(judged?.assertions ?? []).map((each) => ({ ...each, ended: ended(each.passed, each.detail) })));
        if (judged?.outcome === 'ok') return { assertions: sorted(found), complete: true };
      } else {
        found.push(...progressOf(report));
      }
      // A script that brings nothing new to light would be repeated for ever.
      if (found.length === known) return { assertions: sorted(found), complete: false };
    }
  }

  private async once(source: string, steps: readonly PythonStep[]): Promise<Report | null> {
    const totalMs = this.leftMs;
    if (totalMs <= 0) return null;
    const job: PythonJob = { files: { 'main.py': source }, entry: 'main.py', steps };
    const limits = { ...this.limits, wallMs: Math.min(this.limits.wallMs, totalMs), totalMs };
    const report = await this.sandbox.runSteps(job, limits, this.signal);
    this.leftMs -= report.elapsedMs;
    return report;
  }
}

type Report = SandboxReport<readonly StepResult[]>;

export interface AssertionEnd {
  readonly ordinal: number;
  readonly line: number;
  readonly detail: string;
  readonly ended: TestOutcome;
}

export interface AssertionEnds {
  readonly assertions: readonly AssertionEnd[];
  /** Whether the script ran to its end. */
  readonly complete: boolean;
}

export const NOT_RUN: StepEnd = { ended: 'not-run', detail: 'the time for all tests was over', elapsedMs: 0 };

function ended(passed: boolean, detail: string): TestOutcome {
  if (passed) return 'passed';
  return detail.startsWith('AssertionError') ? 'wrong' : 'error';
}

function sorted(ends: readonly AssertionEnd[]): AssertionEnd[] {
  return [...ends].sort((a, b) => a.ordinal - b.ordinal);
}

function resultsOf(report: Report): StepResult[] {
  if (report.ended === 'finished') return [...report.value];
  return notes(report).flatMap((each) => (each.kind === 'step' ? [each.result] : []));
}

function notes(report: Report): readonly PythonProgress[] {
  return report.ended === 'finished' ? [] : (report.notes as readonly PythonProgress[]);
}

/** What was judged before a kill, and the assertion during which it came. */
function progressOf(report: Report): AssertionEnd[] {
  const ends: AssertionEnd[] = [];
  let open: { readonly line: number; readonly ordinal: number } | null = null;
  for (const each of notes(report)) {
    if (each.kind === 'begin') open = each;
    if (each.kind !== 'assertion') continue;
    ends.push({ ...each.result, ended: ended(each.result.passed, each.result.detail) });
    open = null;
  }
  if (open !== null && report.ended !== 'finished') {
    ends.push({ ordinal: open.ordinal, line: open.line, detail: report.detail, ended: report.ended });
  }
  return ends;
}

/** How all tests end when the program does not even load; null when it did. */
function failedLoad(report: Report, load: StepResult | undefined, loads: boolean): StepEnd | null {
  if (!loads || load?.outcome === 'ok') return null;
  if (load === undefined) return report.ended === 'finished' ? NOT_RUN : killed(report);
  if (load.outcome !== 'exit') return { ended: 'done', result: load };
  const detail = 'the program left by sys.exit before its tests';
  return { ended: 'error', detail, elapsedMs: load.elapsedMs };
}

function killed(report: Exclude<Report, { ended: 'finished' }>): StepEnd {
  return { ended: report.ended, detail: report.detail, elapsedMs: report.elapsedMs };
}
