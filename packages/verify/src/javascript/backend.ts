/**
 * QuickJS in WebAssembly as a backend of a sandbox. Each job gets an instance of its own: memory, realm and globals of an
 * earlier job are gone. A program sees the language and what `guest.ts` defines inside it; of the host there are functions
 * that write text, read the files of the job and end the run. No timers, clock or network of the host but the time of day.
 *
 * Bounded inside: memory, stack, output, and running time wherever the interpreter looks up (some library functions do
 * not); the pool's clock bounds the rest by killing.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  RELEASE_SYNC,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from 'quickjs-emscripten';
import type { SandboxLimits } from '../sandbox/backend.js';
import { Output } from '../sandbox/output.js';
import { wasm } from '../sandbox/wasm.js';
import { guestSource } from './guest.js';
import { MAX_VALUE } from './guest-data.js';
import { moduleName, moduleSource, ProgramFiles } from './modules.js';
import { decodeData } from './values.js';

/** One run of a program; arguments are encoded, so that only text crosses into the interpreter. */
export interface ScriptJob {
  readonly files: Readonly<Record<string, string>>;
  readonly entry: string;
  readonly stdin: string;
  readonly call: { readonly function: string; readonly args: string } | null;
}

export interface ScriptValue {
  readonly outcome: 'ok' | 'error' | 'timeout' | 'memory';
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  /** Present when a call returned. */
  readonly value?: unknown;
}

/** Stack of the interpreter; about as many calls inside each other as Node allows. The pool gives Node's own room for it. */
const STACK_BYTES = 1_900_000;

/** Share of the time limit after which the interpreter stops itself, which costs no process. */
const TIME_SHARE = 0.9;

/** Share of a job's memory that the interpreter may use itself, so that it says so before the process is killed. */
const HEAP_SHARE = 0.75;

/** Memory lent to say that there is none left. */
const SPARE_BYTES = 4 << 20;

/** Lines of an error's text: its words and the innermost calls, then the outermost. */
const ERROR_LINES = { first: 10, last: 3 };

/** Jobs of promises that run before the clock is read. */
const JOBS_A_ROUND = 1000;

let variant: QuickJSSyncVariant | undefined;

export async function prepare(): Promise<void> {
  const require = createRequire(import.meta.url);
  const inner = createRequire(require.resolve('quickjs-emscripten'));
  const module = await wasm.compile(readFileSync(inner.resolve('@jitl/quickjs-wasmfile-release-sync/wasm')));
  variant = newVariant(RELEASE_SYNC, { wasmModule: module as never });
  await new Program({ files: {}, entry: '', stdin: '', call: null }, 1000, 1 << 10).run(64 << 20);
  new ProgramFiles({ 'a.ts': 'let a: number' }).code('a.ts');
}

export function run(job: ScriptJob, { wallMs, memoryMb, outputBytes }: SandboxLimits): Promise<ScriptValue> {
  return new Program(job, wallMs * TIME_SHARE, outputBytes).run(memoryMb * HEAP_SHARE * 2 ** 20);
}

/** What a run ended with: nothing to say, or the text of an error. */
type Ending = { readonly error: string | null; readonly value?: string };

class Program {
  private readonly files: ProgramFiles;
  private readonly output: Output;
  private readonly deadlineMs: number;
  private exited: number | null = null;
  private overdue = false;

  constructor(
    private readonly job: ScriptJob,
    timeMs: number,
    outputBytes: number,
  ) {
    this.files = new ProgramFiles(job.files);
    this.output = new Output(outputBytes);
    this.deadlineMs = performance.now() + timeMs;
  }

  async run(memoryBytes: number): Promise<ScriptValue> {
    if (variant === undefined) throw new Error('javascript backend: prepare must have run, got a job before');
    const quickjs = await newQuickJSWASMModuleFromVariant(variant);
    try {
      const runtime = quickjs.newRuntime();
      runtime.setMaxStackSize(STACK_BYTES);
      runtime.setMemoryLimit(memoryBytes);
      runtime.setInterruptHandler(() => this.exited !== null || this.late());
      runtime.setModuleLoader(
        (name) => moduleSource(this.files, name),
        (base, name) => moduleName(this.files, name, base),
      );
      const guest = new Guest(runtime, memoryBytes);
      const ending = this.perform(guest);
      return this.result(ending, guest.outOfMemory);
    } catch (thrown) {
      // The instance is given up after each job, so what an interpreter leaves behind that fell over is no matter.
      const words = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      return this.result({ error: words }, /memory|out of bounds/i.test(words));
    }
  }

  private late(): boolean {
    this.overdue ||= performance.now() > this.deadlineMs;
    return this.overdue;
  }

  private write(stream: number, text: string): void {
    if (this.exited !== null) return;
    this.output.streams[stream === 2 ? 'stderr' : 'stdout'](Buffer.from(text));
  }

  private perform(guest: Guest): Ending {
    const { entry, call } = this.job;
    guest.begin(this.natives());
    const source = this.source(entry);
    const loaded = guest.evaluate(source, entry, this.isModule(guest, source) ? 'module' : 'global');
    const failure = loaded.error ?? this.drain(guest) ?? guest.rejection(loaded.handle);
    if (failure !== null) return { error: failure };
    if (call === null) return this.finish(guest);
    const called = guest.ask('call', guest.global('@program'), guest.text(call.function), guest.text(call.args));
    const late = called.error ?? this.drain(guest) ?? guest.rejection(called.handle);
    if (late !== null) return { error: late };
    return guest.encoded(called.handle);
  }

  /** Words of a module may stand in a text or in a function of a script, which is not strict. */
  private isModule(guest: Guest, source: string): boolean {
    const { entry } = this.job;
    if (!this.files.isModule(entry)) return false;
    return !this.files.mayBeScript(entry) || !guest.compiles(source, entry);
  }

  /** A program that leaves by itself may have set its exit code. */
  private finish(guest: Guest): Ending {
    const { error, handle } = guest.ask('finish');
    if (error !== null) return { error };
    const code = guest.context.getNumber(handle);
    if (code !== 0) this.exited ??= code;
    return { error: null };
  }

  /** The text of the entry; after a program that is to be called, a line that finds the function wherever it is. */
  private source(entry: string): string {
    if (this.files.text(entry) === undefined) return '';
    const code = this.files.code(entry);
    const [name = ''] = this.job.call?.function.split('.') ?? [];
    if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return code;
    return `${code}\n;globalThis['@program'] = typeof ${name} === 'undefined' ? undefined : ${name};`;
  }

  private natives(): Natives {
    const { files, job } = this;
    return {
      stdin: JSON.stringify(job.stdin),
      entry: job.entry,
      write: (stream, text) => this.write(Number(stream), String(text)),
      exit: (code) => {
        this.exited ??= Number(code);
        throw new Error('exit');
      },
      source: (path) => files.text(String(path)),
      resolve: (name, base) => files.resolve(String(name), String(base)),
      code: (path) => files.code(String(path)),
    };
  }

  /** Runs what promises, timers and input events have left to do. */
  private drain(guest: Guest): string | null {
    for (;;) {
      while (guest.runtime.hasPendingJob()) {
        const done = guest.runtime.executePendingJobs(JOBS_A_ROUND);
        if (done.error !== undefined) return guest.describe(done.error);
        if (this.exited !== null || this.late()) return 'stopped';
      }
      const turned = guest.ask('turn');
      if (turned.error !== null) return turned.error;
      if (guest.context.dump(turned.handle) !== true) return null;
      if (this.exited !== null || this.late()) return 'stopped';
    }
  }

  private result({ error, value }: Ending, outOfMemory: boolean): ScriptValue {
    if (error !== null && this.exited === null && !this.overdue) this.write(2, `${shortened(error)}\n`);
    const streams = this.output.texts;
    if (this.exited !== null) {
      const early = this.job.call !== null ? 'the program left before the call returned\n' : '';
      const fine = this.exited === 0 && this.job.call === null;
      return { outcome: fine ? 'ok' : 'error', ...streams, stderr: streams.stderr + early };
    }
    if (this.overdue) return { outcome: 'timeout', ...streams };
    if (outOfMemory) return { outcome: 'memory', ...streams };
    if (error !== null) return { outcome: 'error', ...streams };
    return { outcome: 'ok', ...streams, ...(value !== undefined && { value: decodeData(value) }) };
  }
}

function shortened(error: string): string {
  const lines = error.split('\n');
  const { first, last } = ERROR_LINES;
  const left = lines.length - first - last;
  return left < 2 ? error : [...lines.slice(0, first), `    ... ${left} lines more`, ...lines.slice(-last)].join('\n');
}

/** What the realm of a program can reach of the host: texts in, texts out. */
interface Natives {
  /** As JSON. */
  readonly stdin: string;
  readonly entry: string;
  readonly write: Native;
  readonly exit: Native;
  readonly source: Native;
  readonly resolve: Native;
  readonly code: Native;
}

/** Arguments and reply travel as JSON. */
type Native = (...values: unknown[]) => string | undefined | void;

type Evaluated = { readonly error: string | null; readonly handle: QuickJSHandle };

/** One realm of QuickJS and the functions that `guest.ts` returns. */
class Guest {
  readonly context: QuickJSContext;
  outOfMemory = false;
  private api: QuickJSHandle | null = null;

  constructor(
    readonly runtime: QuickJSRuntime,
    private readonly memoryBytes: number,
  ) {
    this.context = runtime.newContext();
  }

  begin(natives: Natives): void {
    const { context } = this;
    const object = context.newObject();
    for (const [name, value] of Object.entries(natives) as [string, string | Native][]) {
      context.setProp(object, name, typeof value === 'string' ? context.newString(value) : this.native(name, value));
    }
    const make = context.unwrapResult(context.evalCode(guestSource, 'sandbox.js'));
    for (const [name, stream] of [
      ['print', 1],
      ['complain', 2],
    ] as const) {
      const print = (text: QuickJSHandle): undefined => void natives.write(stream, context.getString(text));
      context.setProp(object, name, context.newFunction(name, print));
    }
    this.api = context.unwrapResult(context.callFunction(make, context.undefined, object));
  }

  private native(name: string, work: Native): QuickJSHandle {
    const { context } = this;
    return context.newFunction(name, (values) => {
      const reply = work(...(JSON.parse(context.getString(values)) as unknown[]));
      return typeof reply === 'string' ? context.newString(JSON.stringify(reply)) : context.undefined;
    });
  }

  /** Whether a source is a script. */
  compiles(source: string, name: string): boolean {
    const result = this.context.evalCode(source, name, { type: 'global', compileOnly: true });
    return result.error === undefined;
  }

  evaluate(source: string, name: string, type: 'global' | 'module'): Evaluated {
    return this.settle(this.context.evalCode(source, name, { type }));
  }

  /** Calls a function that `guest.ts` returned. */
  ask(name: string, ...args: readonly QuickJSHandle[]): Evaluated {
    const { context } = this;
    if (this.api === null) throw new Error('javascript backend: begin must come first, got none');
    return this.settle(context.callFunction(context.getProp(this.api, name), context.undefined, ...args));
  }

  private settle(result: ReturnType<QuickJSContext['evalCode']>): Evaluated {
    if (result.error === undefined) return { error: null, handle: result.value };
    return { error: this.describe(result.error), handle: this.context.undefined };
  }

  /** The text of a rejected promise; null for one that is fulfilled or waits for ever, and for what is none. */
  rejection(handle: QuickJSHandle): string | null {
    const state = this.context.getPromiseState(handle);
    return state.type === 'rejected' ? this.describe(state.error) : null;
  }

  /** The result of a call, or of the promise that it gave, as text. */
  encoded(handle: QuickJSHandle): Ending {
    const { context } = this;
    const state = context.getPromiseState(handle);
    if (state.type !== 'fulfilled') return { error: 'TypeError: the promise that was returned is never settled' };
    const text = this.ask('encode', state.value);
    if (text.error !== null) return { error: text.error };
    if (context.typeof(text.handle) !== 'string') return { error: 'TypeError: the result must be plain data' };
    const length = context.getNumber(context.getProp(text.handle, 'length'));
    if (length > MAX_VALUE)
      return { error: `RangeError: the result must have at most ${MAX_VALUE} characters as JSON` };
    return { error: null, value: context.getString(text.handle) };
  }

  describe(error: QuickJSHandle): string {
    const { context } = this;
    this.runtime.setMemoryLimit(this.memoryBytes + SPARE_BYTES);
    const isFull = context.typeof(error) === 'object' && this.word(error, 'message') === 'out of memory';
    if (isFull && this.word(error, 'name') === 'InternalError') this.outOfMemory = true;
    if (this.api === null) return 'Error: the realm was not made';
    const told = context.callFunction(context.getProp(this.api, 'describe'), context.undefined, error);
    if (told.error !== undefined || context.typeof(told.value) !== 'string') return 'Error: the error has no text';
    return context.getString(told.value).trimEnd();
  }

  private word(error: QuickJSHandle, name: string): string {
    const value = this.context.getProp(error, name);
    return this.context.typeof(value) === 'string' ? this.context.getString(value) : '';
  }

  text(text: string): QuickJSHandle {
    return this.context.newString(text);
  }

  global(name: string): QuickJSHandle {
    return this.context.getProp(this.context.global, name);
  }
}
