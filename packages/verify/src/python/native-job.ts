import { defaultLimits, type SandboxLimits, type SandboxReport } from '../sandbox/backend.js';
import { Output } from '../sandbox/output.js';
import type { AssertionStep, PythonJob, PythonProgress, PythonStep, StepResult } from './job.js';
import { Hearing, type Question } from './judge.js';
import type { NativeProcess } from './native-process.js';
import type { Served } from './runtime.js';
import { requestOf, resultOf, UNSENT } from './steps.js';

type Report = SandboxReport<readonly StepResult[]>;

/** Memory of a test script, which is trusted with it, in MiB. */
const JUDGE_MB = 2048;

const NEAR_LIMIT = 0.8;

interface StepEnd {
  readonly value: StepResult;
  /** Whether the interpreter went with it. */
  readonly died: boolean;
}

/** What a job takes from its sandbox. */
export interface NativeJobHost {
  /** A fresh interpreter behind a wall. */
  readonly take: () => NativeProcess;
  readonly startMs: number;
  /** MiB of address space that a program may have beyond its limit, for the libraries that it maps. */
  readonly extraMb: number;
}

/** The steps of one job, in interpreters that nothing else has used or will use. */
export class NativeJob {
  private readonly limits: SandboxLimits;
  private readonly notes: PythonProgress[] = [];
  private readonly processes: NativeProcess[] = [];
  private deadline: NodeJS.Timeout | undefined;
  private startedMs = performance.now();
  private settle: (report: Report) => void = () => undefined;
  private program: NativeProcess | null = null;
  private judge: NativeProcess | null = null;
  private peakMb = 0;
  private over = false;

  constructor(
    private readonly host: NativeJobHost,
    private readonly job: PythonJob,
    limits: Partial<SandboxLimits>,
  ) {
    this.limits = { ...defaultLimits, ...limits };
  }

  /** Runs the steps in order. A step that ends the interpreter ends the job; the rest are not begun. */
  async run(): Promise<Report> {
    try {
      return await new Promise<Report>((resolve, reject) => {
        this.settle = resolve;
        this.work().then((value) => this.finish(value), reject);
      });
    } finally {
      this.over = true;
      clearTimeout(this.deadline);
      for (const each of this.processes) each.end('the job has ended');
    }
  }

  /** Ends the job now. */
  end(ended: 'timeout' | 'memory' | 'crashed', detail: string): void {
    this.over = true;
    this.settle({ ended, detail, notes: this.notes, ...this.measured() });
    for (const each of this.processes) each.end(detail);
  }

  private finish(value: readonly StepResult[] | null): void {
    if (value !== null) this.settle({ ended: 'finished', value, ...this.measured() });
  }

  private async work(): Promise<readonly StepResult[] | null> {
    const results: StepResult[] = [];
    // Both start at once: by the time that the program has loaded the judge is there.
    if (this.job.steps.some(({ kind }) => kind === 'assertions')) this.judge = this.take();
    for (const step of this.job.steps) {
      if (step.kind === 'script' || this.program === null) {
        this.program?.end('its step has ended');
        this.program = await this.start(this.take(), this.limits.memoryMb + this.host.extraMb);
        if (this.program === null) return null;
      }
      const result = await this.runStep(this.program, step);
      if (result === null) return null;
      results.push(result.value);
      this.note({ kind: 'step', result: result.value });
      if (result.died) break;
      if (step.kind === 'script') {
        this.program.end('its step has ended');
        this.program = null;
      }
    }
    return results;
  }

  private async runStep(program: NativeProcess, step: PythonStep): Promise<StepEnd | null> {
    const output = new Output(this.limits.outputBytes);
    const startedMs = performance.now();
    const finish = (served: Served): StepEnd => {
      this.peakMb = Math.max(this.peakMb, program.peakMb);
      // An interpreter that breaks near its limit broke by it: not all of its C code survives a refusal.
      const memory = served.ended === 'answered' || program.peakMb > this.limits.memoryMb * NEAR_LIMIT;
      const ending = resultOf(served, memory);
      return {
        value: { ...ending, ...output.texts, elapsedMs: performance.now() - startedMs },
        died: served.ended === 'died',
      };
    };
    if (step.kind === 'assertions') {
      const court = await this.judged(program, step, output);
      if (court === null) return null;
      const { value, died } = finish(court.hearing.programDied ?? court.served);
      return { value: { ...value, assertions: court.hearing.assertions }, died };
    }
    const request = requestOf(step, this.job.entry);
    if (request === null) return finish(UNSENT);
    return finish(await program.request({ request, stdin: step.stdin ?? '', script: step.kind === 'script' }, output));
  }

  private async judged(
    program: NativeProcess,
    step: AssertionStep,
    output: Output,
  ): Promise<{ readonly hearing: Hearing; readonly served: Served } | null> {
    const judge = await this.start(this.judge ?? this.take(), JUDGE_MB);
    this.judge = null;
    if (judge === null) return null;
    const hearing = new Hearing(step, (progress) => this.note(progress));
    const plain = { stdin: '', script: false };
    const ask = async (text: string): Promise<string> => {
      const question = JSON.parse(text) as Question;
      const own = hearing.answer(question);
      return own ?? hearing.replyOf(await program.request({ request: hearing.requestOf(question), ...plain }, output));
    };
    const served = await judge.request({ request: hearing.request, ...plain }, new Output(0), ask);
    judge.end('its step has ended');
    return { hearing, served };
  }

  private take(): NativeProcess {
    const made = this.host.take();
    this.processes.push(made);
    return made;
  }

  /** Waits, without counting the time, until an interpreter has started. Null when the job has been ended instead. */
  private async start(process: NativeProcess, memoryMb: number): Promise<NativeProcess | null> {
    if (this.over) {
      // Ended between two steps: nobody else would end this one.
      process.end('the job has ended');
      return null;
    }
    clearTimeout(this.deadline);
    const { startMs } = this.host;
    this.deadline = setTimeout(() => this.end('crashed', `not ready after ${startMs} ms`), startMs);
    if (!(await process.ready)) {
      this.end('crashed', process.lastWords);
      return null;
    }
    const cpuSeconds = Math.ceil((this.limits.wallMs / 1000) * (this.job.steps.length + 1)) + 1;
    process.setUp({ files: this.job.files, memoryBytes: memoryMb * 2 ** 20, cpuSeconds });
    if (this.processes.length === 1) this.startedMs = performance.now();
    this.watch();
    return process;
  }

  private note(progress: PythonProgress): void {
    this.notes.push(progress);
    this.watch();
  }

  private watch(): void {
    clearTimeout(this.deadline);
    if (this.over) return;
    const { wallMs, totalMs = Infinity } = this.limits;
    const leftMs = Math.max(0, this.startedMs + totalMs - performance.now());
    const limit = leftMs < wallMs ? `${totalMs} ms for the whole job` : `${wallMs} ms`;
    this.deadline = setTimeout(
      () => {
        const noted = this.notes.length;
        // What arrived while this thread was busy is read before the job counts as overdue.
        setImmediate(() => {
          if (this.notes.length === noted) this.end('timeout', `stopped after its limit of ${limit}`);
        });
      },
      Math.min(wallMs, leftMs),
    );
  }

  private measured(): { readonly elapsedMs: number; readonly peakMemoryMb: number } {
    const peakMemoryMb = Math.max(this.peakMb, this.program?.peakMb ?? 0);
    return { elapsedMs: performance.now() - this.startedMs, peakMemoryMb };
  }
}
