import { readFileSync } from 'node:fs';
import { packageFolder } from '../sandbox/permissions.js';
import { SandboxPool, type SandboxPoolOptions, type SandboxPoolState } from '../sandbox/pool.js';
import { entryOf, type ProgramJob, type ProgramResult, type Sandbox } from '../sandbox/program.js';
import type { ScriptJob, ScriptValue } from './backend.js';
import { encodeData } from './values.js';

export type QuickJsOptions = Omit<SandboxPoolOptions, 'allowRead' | 'allowAddons' | 'nodeFlags'>;

/** KiB of Node's own stack, below the 8 MiB that systems give a process: deep recursion of a program lives on it, too. */
const NODE_STACK_KB = 7000;

/** JavaScript and TypeScript by QuickJS in WebAssembly, in the processes of a `SandboxPool`. */
export class QuickJsSandbox implements Sandbox {
  private readonly pool: SandboxPool<ScriptJob, ScriptValue>;

  /** Throws where the packages `quickjs-emscripten` or `sucrase` are not installed. */
  constructor(options: QuickJsOptions = {}) {
    this.pool = new SandboxPool(new URL('../../dist/javascript/backend.js', import.meta.url), {
      ...options,
      allowRead: packages(),
      nodeFlags: [`--stack-size=${NODE_STACK_KB}`],
    });
  }

  get state(): SandboxPoolState {
    return this.pool.state;
  }

  warm(): Promise<void> {
    return this.pool.warm();
  }

  /** Rejects with a `RangeError` for a job of another language or without its entry, a `TypeError` for arguments that are no data. */
  async run(job: ProgramJob, signal?: AbortSignal): Promise<ProgramResult> {
    const report = await this.pool.run(scriptJob(job), job.limits, signal);
    const { elapsedMs, peakMemoryMb } = report;
    if (report.ended === 'finished') return { ...report.value, elapsedMs, peakMemoryMb };
    return { outcome: report.ended, stdout: '', stderr: report.detail, truncated: false, elapsedMs, peakMemoryMb };
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

function scriptJob(job: ProgramJob): ScriptJob {
  if (job.language === 'python') {
    throw new RangeError(
      'QuickJsSandbox.run: the language must be javascript or typescript, got python; use a Python sandbox',
    );
  }
  const entry = entryOf(job);
  // A lone file of TypeScript may have any name; its ending decides how a file is read.
  const typed = job.language === 'typescript' && !/\.[mc]?ts$/.test(entry);
  const files = typed ? { ...job.files, [`${entry}.ts`]: job.files[entry] ?? '' } : job.files;
  const { call } = job;
  if (call?.kwargs !== undefined && Object.keys(call.kwargs).length > 0) {
    throw new RangeError('QuickJsSandbox.run: JavaScript has no named arguments, got kwargs; give one object in args');
  }
  return {
    files,
    entry: typed ? `${entry}.ts` : entry,
    stdin: job.stdin ?? '',
    call: call === undefined ? null : { function: call.function, args: encodeData(call.args) },
  };
}

/** The folders of the interpreter and of the remover of types, each with what it depends on. */
function packages(): URL[] {
  const folders = new Map<string, URL>();
  const visit = (name: string, from: string | URL): void => {
    const folder = packageFolder(name, from);
    if (folders.has(folder.href)) return;
    folders.set(folder.href, folder);
    const manifest = new URL('package.json', folder);
    const { dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const dependency of Object.keys(dependencies)) visit(dependency, manifest);
  };
  visit('quickjs-emscripten', import.meta.url);
  visit('sucrase', import.meta.url);
  return [...folders.values()];
}
