import type { PythonStep } from '../python/job.js';
import { defaultLimits, type SandboxLimits } from '../sandbox/backend.js';
import type { ProgramLanguage, Sandbox } from '../sandbox/program.js';
import type { StepEnd } from './python-tests.js';

const FILES: Readonly<Record<ProgramLanguage, string>> = {
  python: 'main.py',
  javascript: 'main.js',
  typescript: 'main.ts',
};

/** Runs each step as a job of its own, in a sandbox that knows programs and calls only. */
export class PlainRunner {
  private readonly limits: SandboxLimits;
  private readonly endMs: number;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly language: ProgramLanguage,
    limits: Partial<SandboxLimits>,
    totalMs: number,
    private readonly signal?: AbortSignal,
  ) {
    this.limits = { ...defaultLimits, ...limits };
    this.endMs = performance.now() + totalMs;
  }

  run(source: string, steps: readonly PythonStep[]): Promise<StepEnd[]> {
    return Promise.all(steps.map((step) => this.one(source, step)));
  }

  private async one(source: string, step: PythonStep): Promise<StepEnd> {
    const left = this.endMs - performance.now();
    if (left <= 0) return { ended: 'not-run', detail: 'the time for all tests was over', elapsedMs: 0 };
    const name = FILES[this.language];
    const limits = { ...this.limits, wallMs: Math.min(this.limits.wallMs, left) };
    const job = { language: this.language, files: { [name]: source }, entry: name, limits };
    const call = step.kind === 'call' ? { call: step } : {};
    const stdin = step.kind === 'script' ? { stdin: step.stdin ?? '' } : {};
    const result = await this.sandbox.run({ ...job, ...call, ...stdin }, this.signal);
    const { outcome, elapsedMs, stderr } = result;
    if (outcome === 'ok' || outcome === 'error') {
      const detail = outcome === 'ok' ? '' : stderr;
      return { ended: 'done', result: { ...result, outcome, detail } };
    }
    return { ended: outcome, detail: stderr, elapsedMs };
  }
}
