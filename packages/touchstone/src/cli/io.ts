/** What the command line reads from and writes to; tests give their own. */
export interface CliIo {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Width of the terminal in columns; undefined where stdout is none. Read anew at every use: windows change. */
  readonly columns: number | undefined;
  /** False under NO_COLOR, and where stdout is no terminal. */
  readonly colour: boolean;
  /** Relative paths start here. */
  readonly directory: string;
  /** Calls `handler` at each Ctrl-C (or polite kill) until the returned function is called. */
  onInterrupt(handler: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** This process. */
export function processIo(): CliIo {
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    get columns() {
      return process.stdout.isTTY ? process.stdout.columns : undefined;
    },
    // https://no-color.org: any value but the empty one.
    colour: process.stdout.isTTY && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb',
    directory: process.cwd(),
    onInterrupt(handler) {
      const signals = ['SIGINT', 'SIGTERM'] as const;
      for (const signal of signals) process.on(signal, handler);
      return () => {
        for (const signal of signals) process.off(signal, handler);
      };
    },
    exit: (code) => process.exit(code),
  };
}
