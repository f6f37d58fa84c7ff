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

/** This process. Where nobody reads its output any more it ends as other programs of a shell do, by SIGPIPE. */
export function processIo(): CliIo {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') {
        endBy('SIGPIPE', 1);
        return;
      }
      if (stream === process.stdout) process.stderr.write(`output: must be written, got ${error.message}; mend that\n`);
      process.exit(2);
    });
  }
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
    exit: (code) => endBy('SIGINT', code),
  };
}

/**
 * Ends this process at once by a signal, whatever its threads do: `process.exit` takes down what they are computing with,
 * and ONNX Runtime then aborts with a dump of its memory. `code` where the system knows no such signal.
 */
function endBy(signal: 'SIGINT' | 'SIGPIPE', code: number): void {
  try {
    // Node ignores some signals; the system's own handling comes back with the end of the last listener.
    process.on(signal, () => undefined);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } catch {
    process.exit(code);
  }
}
