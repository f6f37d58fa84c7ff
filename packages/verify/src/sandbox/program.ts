import type { SandboxLimits } from './backend.js';

/** Languages whose programs a sandbox runs. */
export type ProgramLanguage = 'python' | 'javascript' | 'typescript';

/** A call of a function that the program defines; arguments and result are JSON-like data. */
export interface ProgramCall {
  readonly function: string;
  readonly args: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

/** One run of an untrusted program. */
export interface ProgramJob {
  readonly language: ProgramLanguage;
  /** Path to text; the program starts with `entry`, the others can be imported and read. */
  readonly files: Readonly<Record<string, string>>;
  /** Default: the only file, or `main.py` / `main.js` / `main.ts`. */
  readonly entry?: string;
  readonly stdin?: string;
  /** When given, `entry` is loaded as a module and this function is called; `value` is its result. */
  readonly call?: ProgramCall;
  readonly limits?: Partial<SandboxLimits>;
}

/**
 * `ok`: ran to its end. `error`: it raised (the last lines of the traceback are on stderr) or left with a code other
 * than 0. `timeout`, `memory`: killed at the limit. `crashed`: the sandbox, not the program, failed.
 */
export type ProgramOutcome = 'ok' | 'error' | 'timeout' | 'memory' | 'crashed';

export interface ProgramResult {
  readonly outcome: ProgramOutcome;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether an output stream was longer than `outputBytes` and cut. */
  readonly truncated: boolean;
  /** Result of `call` as plain data; absent without a call or when it failed. */
  readonly value?: unknown;
  readonly elapsedMs: number;
  readonly peakMemoryMb: number;
}

/** Something that runs programs: a wall around an interpreter. Never rejects for what a program does. */
export interface Sandbox {
  run(job: ProgramJob, signal?: AbortSignal): Promise<ProgramResult>;
  close(): Promise<void>;
}

const MAIN: Readonly<Record<ProgramLanguage, string>> = {
  python: 'main.py',
  javascript: 'main.js',
  typescript: 'main.ts',
};

/** The file with which a job starts. Throws a `RangeError` when it is not among the files. */
export function entryOf({ language, files, entry }: ProgramJob): string {
  const names = Object.keys(files);
  const chosen = entry ?? (names.length === 1 ? names[0] : MAIN[language]);
  if (chosen !== undefined && Object.hasOwn(files, chosen)) return chosen;
  throw new RangeError(`ProgramJob: entry must be one of the files, got ${chosen}; name one of ${names.join(', ')}`);
}
