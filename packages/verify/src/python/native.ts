import type { SandboxLimits, SandboxReport } from '../sandbox/backend.js';
import { SandboxClosedError } from '../sandbox/pool.js';
import type { ProgramJob, ProgramResult } from '../sandbox/program.js';
import type { PythonJob, StepResult } from './job.js';
import { NativeJob } from './native-job.js';
import { NativeProcess } from './native-process.js';
import { describeInterpreter, NativeWallError, type NativeInterpreter, type WallOptions } from './native-wall.js';
import { programResult, stepsOf, type PythonSandbox } from './sandbox.js';

export interface NativePythonOptions {
  /** Interpreter: a path or a name on the PATH, also one in a virtual environment. Default `python3`. */
  readonly python?: string;
  /** Bubblewrap: a path or a name on the PATH. Default `bwrap`. */
  readonly bwrap?: string;
  /** Whether programs can import the packages installed for the interpreter; default false. */
  readonly packages?: boolean;
  /** Jobs that run at the same time; default 2. */
  readonly workers?: number;
  /** Interpreters that wait behind their walls for a job, started ahead; default 2. */
  readonly spares?: number;
  /** Milliseconds until an interpreter must have started; default 20000. */
  readonly startMs?: number;
}

/** Address space of large libraries: mapped, hardly ever used. */
const PACKAGES_MB = 1024;

const PACKAGES_PROGRAM = `import pkgutil
print("\\n".join(sorted({name for finder, name, _ in pkgutil.iter_modules() if finder.path.endswith("-packages")})))`;

/**
 * CPython itself, each job in interpreters of its own behind bubblewrap (Linux only). Faster than `PyodideSandbox` and
 * able to import real packages; the wall is the Linux kernel's and not that of WebAssembly.
 */
export class NativePythonSandbox implements PythonSandbox {
  private readonly waiting: NativeProcess[] = [];
  private readonly living = new Set<NativeProcess>();
  private readonly running = new Set<NativeJob>();
  private queue: { readonly enter: () => void; readonly refuse: (error: Error) => void }[] = [];
  private taken = 0;
  private closed = false;

  private constructor(
    private readonly wall: WallOptions,
    private readonly options: Required<Pick<NativePythonOptions, 'workers' | 'spares' | 'startMs'>>,
  ) {}

  /** Opens a sandbox. Throws a `NativeWallError` that says what is missing where the wall does not work. */
  static async open(options: NativePythonOptions = {}): Promise<NativePythonSandbox> {
    const {
      python = 'python3',
      bwrap = 'bwrap',
      packages = false,
      workers = 2,
      spares = 2,
      startMs = 20_000,
    } = options;
    if (process.platform !== 'linux') {
      throw new NativeWallError(`native Python: bubblewrap needs Linux, got ${process.platform}; use pyodide`);
    }
    const wall = { bwrap, packages, interpreter: await describeInterpreter(python) };
    const sandbox = new NativePythonSandbox(wall, { workers, spares, startMs });
    await sandbox.prove();
    return sandbox;
  }

  get interpreter(): NativeInterpreter {
    return this.wall.interpreter;
  }

  async run(job: ProgramJob, signal?: AbortSignal): Promise<ProgramResult> {
    return programResult(await this.runSteps(stepsOf(job), job.limits, signal));
  }

  /** Resolves for whatever the job does; rejects with the signal's reason or with `SandboxClosedError`. */
  async runSteps(
    job: PythonJob,
    limits: Partial<SandboxLimits> = {},
    signal?: AbortSignal,
  ): Promise<SandboxReport<readonly StepResult[]>> {
    await this.turn(signal);
    const { startMs } = this.options;
    const extraMb = this.wall.packages ? PACKAGES_MB : 0;
    const running = new NativeJob({ take: () => this.take(), startMs, extraMb }, job, limits);
    const abort = (): void => running.end('crashed', 'aborted');
    this.running.add(running);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      signal?.throwIfAborted();
      if (this.closed) throw new SandboxClosedError();
      const report = await running.run();
      signal?.throwIfAborted();
      if (this.closed) throw new SandboxClosedError();
      return report;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.running.delete(running);
      // The place goes on to whoever waits longest, and to nobody that comes in between.
      const next = this.queue.shift();
      if (next === undefined) this.taken -= 1;
      else next.enter();
    }
  }

  /** Names of the modules that programs can import beside the standard library. */
  async packages(): Promise<readonly string[]> {
    const { stdout } = await this.run({ language: 'python', files: { 'main.py': PACKAGES_PROGRAM } });
    return stdout.split('\n').filter((name) => name !== '');
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const each of this.running) each.end('crashed', 'the sandbox was closed');
    for (const { refuse } of this.queue.splice(0)) refuse(new SandboxClosedError());
    for (const each of this.waiting.splice(0)) each.end('the sandbox was closed');
    await Promise.all([...this.living].map(({ exited }) => exited));
  }

  /** Waits for a worker's place. */
  private async turn(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.closed) throw new SandboxClosedError();
    if (this.taken < this.options.workers) {
      this.taken += 1;
      return;
    }
    let abort = (): void => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const waiting = { enter: resolve, refuse: reject };
        this.queue.push(waiting);
        abort = (): void => {
          this.queue = this.queue.filter((each) => each !== waiting);
          reject(signal?.reason as Error);
        };
        signal?.addEventListener('abort', abort, { once: true });
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  private take(): NativeProcess {
    // One that was killed while it waited would end its job as if the program had ended it.
    let taken = this.waiting.shift();
    while (taken?.alive === false) taken = this.waiting.shift();
    taken ??= this.spawn();
    while (!this.closed && this.waiting.length < this.options.spares) this.waiting.push(this.spawn());
    return taken;
  }

  private spawn(): NativeProcess {
    const made = new NativeProcess(this.wall);
    this.living.add(made);
    void made.exited.then(() => this.living.delete(made));
    return made;
  }

  /** Whether an interpreter really starts behind the wall and answers. */
  private async prove(): Promise<void> {
    const result = await this.run({ language: 'python', files: { 'main.py': 'print(6 * 7)' } });
    if (result.outcome === 'ok' && result.stdout === '42\n') return;
    await this.close();
    const reason = result.stderr.trim().split('\n')[0] ?? '';
    throw new NativeWallError(`native Python: bubblewrap must start an interpreter, got ${reason}; use pyodide`);
  }
}

export interface NativePythonStatus {
  readonly works: boolean;
  /** What works, with its versions, or what is missing. */
  readonly detail: string;
  readonly interpreter?: NativeInterpreter;
}

/** Whether native Python behind bubblewrap works on this machine: a trial, which takes about a second. */
export async function nativePythonStatus(
  options: Pick<NativePythonOptions, 'python' | 'bwrap'> = {},
): Promise<NativePythonStatus> {
  try {
    const sandbox = await NativePythonSandbox.open({ ...options, workers: 1, spares: 0 });
    const { interpreter } = sandbox;
    await sandbox.close();
    return { works: true, detail: `CPython ${interpreter.version} behind bubblewrap`, interpreter };
  } catch (error) {
    if (error instanceof NativeWallError) return { works: false, detail: error.message };
    throw error;
  }
}
