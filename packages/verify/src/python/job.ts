/** One thing that is done with a program. `script` begins from a fresh interpreter; the others share one. */
export type PythonStep =
  /** Runs the entry as `__main__`. */
  | { readonly kind: 'script'; readonly stdin?: string }
  /** Runs the entry as a module of its file's name. */
  | { readonly kind: 'load'; readonly stdin?: string }
  /** Calls a function of the loaded module, by its name or a dotted path; a coroutine that it returns is awaited. */
  | {
      readonly kind: 'call';
      readonly function: string;
      readonly args: readonly unknown[];
      readonly kwargs?: Readonly<Record<string, unknown>>;
      readonly stdin?: string;
    }
  | AssertionStep;

/** Runs a test script in an interpreter of its own, over the loaded module. */
export interface AssertionStep {
  readonly kind: 'assertions';
  /** Trusted definitions that the tests use; run before them. */
  readonly setup?: string;
  /** Python source whose `assert` statements are the tests. */
  readonly script: string;
  /** The function under test; the script knows it by this name and as `candidate`. */
  readonly function?: string;
  /** Assertions by their order of execution that are passed over; for a repeat after one that never ended. */
  readonly skip?: readonly number[];
}

export interface PythonJob {
  /** Path below the working folder to text. */
  readonly files: Readonly<Record<string, string>>;
  readonly entry: string;
  readonly steps: readonly PythonStep[];
}

/** One executed assertion. */
export interface AssertionResult {
  /** Its place in the order of execution, from 0; counts those that were passed over. */
  readonly ordinal: number;
  /** Line of the script. */
  readonly line: number;
  readonly passed: boolean;
  /** Type and message of the exception; empty when passed. */
  readonly detail: string;
}

export interface StepResult {
  /** `exit` is an end by `sys.exit(0)`: fine for a script, and a way out of its duty for everything else. */
  readonly outcome: 'ok' | 'exit' | 'error' | 'memory';
  /** Why it was not `ok`. */
  readonly detail: string;
  readonly value?: unknown;
  readonly assertions?: readonly AssertionResult[];
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  readonly elapsedMs: number;
}

/** Told while a job runs, so that what was done before a kill is known. */
export type PythonProgress =
  | { readonly kind: 'step'; readonly result: StepResult }
  /** An assertion begins; when nothing follows, it is the one that never ended. */
  | { readonly kind: 'begin'; readonly line: number; readonly ordinal: number }
  | { readonly kind: 'assertion'; readonly result: AssertionResult };

export type PythonNote = (progress: PythonProgress) => void;
