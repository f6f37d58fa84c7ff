import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SandboxLimits, SandboxReport } from '../sandbox/backend.js';
import { packageFolder } from '../sandbox/permissions.js';
import { SandboxPool, type SandboxPoolOptions, type SandboxPoolState } from '../sandbox/pool.js';
import { entryOf, type ProgramJob, type ProgramResult } from '../sandbox/program.js';
import { imagePath, useImage } from './image.js';
import type { PythonJob, PythonProgress, PythonStep, StepResult } from './job.js';

/** What a Python wall runs: many steps over one program, and plain programs. */
export interface PythonSandbox {
  run(job: ProgramJob, signal?: AbortSignal): Promise<ProgramResult>;
  /** Runs the steps of a job; what was done before a kill is in the report's `notes`, as `PythonProgress`. */
  runSteps(
    job: PythonJob,
    limits?: Partial<SandboxLimits>,
    signal?: AbortSignal,
  ): Promise<SandboxReport<readonly StepResult[]>>;
  close(): Promise<void>;
}

export interface PyodideOptions extends Omit<SandboxPoolOptions, 'allowRead' | 'allowAddons' | 'nodeFlags'> {
  /**
   * File that keeps the memory of a prepared interpreter, by which processes start several times faster; made in the
   * background when it is absent. Default: in the user's cache folder, where those of other versions that have not been
   * used for 30 days are removed. Null: none is read or written.
   */
  readonly image?: string | null;
}

const making = new Map<string, Promise<void>>();

/** CPython in WebAssembly, in the processes of a `SandboxPool`. */
export class PyodideSandbox implements PythonSandbox {
  private readonly pool: SandboxPool<PythonJob, readonly StepResult[]>;
  /** Settled when the image is there, or cannot be made. */
  readonly imaged: Promise<void>;

  constructor(options: PyodideOptions = {}) {
    const { image = imagePath(), ...rest } = options;
    const backend = new URL('../../dist/python/backend.js', import.meta.url);
    if (image !== null) backend.searchParams.set('image', image);
    this.imaged = image === null ? Promise.resolve() : makeImage(image);
    this.pool = new SandboxPool(backend, {
      ...rest,
      allowRead: [packageFolder('pyodide'), ...(image === null ? [] : [image])],
      // Nothing in the process makes code from text: one way less to go on for a text that would get so far.
      nodeFlags: ['--disallow-code-generation-from-strings'],
    });
  }

  get state(): SandboxPoolState {
    return this.pool.state;
  }

  warm(): Promise<void> {
    return this.pool.warm();
  }

  runSteps(
    job: PythonJob,
    limits: Partial<SandboxLimits> = {},
    signal?: AbortSignal,
  ): Promise<SandboxReport<readonly StepResult[]>> {
    return this.pool.run(job, limits, signal);
  }

  async run(job: ProgramJob, signal?: AbortSignal): Promise<ProgramResult> {
    return programResult(await this.runSteps(stepsOf(job), job.limits, signal));
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

/** The steps by which a plain program runs. Throws a `RangeError` for another language. */
export function stepsOf(job: ProgramJob): PythonJob {
  if (job.language !== 'python') {
    throw new RangeError(`PythonSandbox.run: the language must be python, got ${job.language}; use its own sandbox`);
  }
  const stdin = job.stdin === undefined ? {} : { stdin: job.stdin };
  const { call } = job;
  const steps: PythonStep[] =
    call === undefined
      ? [{ kind: 'script', ...stdin }]
      : [
          { kind: 'load', ...stdin },
          { kind: 'call', ...call },
        ];
  return { files: job.files, entry: entryOf(job), steps };
}

/** The result of a program from the report of its steps. */
export function programResult(report: SandboxReport<readonly StepResult[]>): ProgramResult {
  const { elapsedMs, peakMemoryMb } = report;
  const steps =
    report.ended === 'finished'
      ? report.value
      : (report.notes as readonly PythonProgress[]).flatMap((each) => (each.kind === 'step' ? [each.result] : []));
  const last = steps.at(-1);
  const streams = {
    stdout: steps.map((step) => step.stdout).join(''),
    stderr: steps.map((step) => step.stderr).join(''),
    truncated: steps.some((step) => step.truncated),
    elapsedMs,
    peakMemoryMb,
  };
  if (report.ended !== 'finished') return { outcome: report.ended, ...streams, stderr: streams.stderr + report.detail };
  if (last === undefined) return { outcome: 'crashed', ...streams };
  const outcome = last.outcome === 'exit' ? 'ok' : last.outcome;
  const stderr = streams.stderr === '' && outcome !== 'ok' ? last.detail : streams.stderr;
  return { outcome, ...streams, stderr, ...('value' in last && { value: last.value }) };
}

/** Makes the image once, in a process of its own that this one does not wait for. */
function makeImage(path: string): Promise<void> {
  if (useImage(path)) return Promise.resolve();
  const known = making.get(path);
  if (known !== undefined) return known;
  const main = fileURLToPath(new URL('../../dist/python/make-image.js', import.meta.url));
  const made = new Promise<void>((resolve) => {
    const child = spawn(process.execPath, ['--no-warnings', main, path], { stdio: 'ignore', detached: true, env: {} });
    child.once('close', () => {
      making.delete(path);
      resolve();
    });
    child.once('error', () => resolve());
    child.unref();
  });
  making.set(path, made);
  return made;
}
