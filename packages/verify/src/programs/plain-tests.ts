import { availableParallelism } from 'node:os';
import type { PythonStep } from '../python/job.js';
import { defaultLimits, type SandboxLimits } from '../sandbox/backend.js';
import type { ProgramLanguage, Sandbox } from '../sandbox/program.js';
import { NOT_RUN, type StepEnd } from './python-tests.js';

const FILES: Readonly<Record<ProgramLanguage, string>> = {
  python: 'main.py',
  javascript: 'main.js',
  typescript: 'main.ts',
};

/** Runs each step as a job of its own, in a sandbox that knows programs and calls only. */
export class PlainRunner {
  private readonly limits: SandboxLimits;

  /** @param leftMs milliseconds of running that all steps have together */
  constructor(
    private readonly sandbox: Sandbox,
    private readonly language: ProgramLanguage,
    limits: Partial<SandboxLimits>,
    private leftMs: number,
    private readonly signal?: AbortSignal,
  ) {
    this.limits = { ...defaultLimits, ...limits };
  }

  async run(source: string, steps: readonly PythonStep[]): Promise<StepEnd[]> {
    const ends: StepEnd[] = [];
    const open = steps.entries();
    const work = async (): Promise<void> => {
      for (const [index, step] of open) ends[index] = await this.one(source, step);
    };
    await Promise.all(Array.from({ length: Math.min(availableParallelism(), steps.length) }, work));
    return ends;
  }

  private async one(source: string, step: PythonStep): Promise<StepEnd> {
    if (this.leftMs <= 0) return NOT_RUN;
    const name = FILES[this.language];
    const limits = { ...this.limits, wallMs: Math.min(this.limits.wallMs, this.leftMs) };
    const job = { language: this.language, files: { [name]: source }, entry: name, limits };
    const call = step.kind === 'call' ? { call: step } : {};
    const stdin = step.kind === 'script' ? { stdin: step.stdin ?? '' } : {};
    const result = await this.sandbox.run({ ...job, ...call, ...stdin }, this.signal);
    const { outcome, elapsedMs, stderr } = result;
    this.leftMs -= elapsedMs;
    if (outcome === 'ok' || outcome === 'error') {
      const detail = outcome === 'ok' ? '' : stderr;
      return { ended: 'done', result: { ...result, outcome, detail } };
    }
    return { ended: outcome, detail: stderr, elapsedMs };
  }
}
