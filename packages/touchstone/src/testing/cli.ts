import type { CliIo } from '../cli/io.js';
import { main } from '../cli/main.js';
import type { LoadModel } from '../run/model.js';

/** What a command line printed and returned. */
export interface CliOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSetting {
  readonly directory: string;
  readonly loadModel?: LoadModel;
  /** Width of the terminal; absent: none. */
  readonly columns?: number;
  /** Called with what each Ctrl-C does once the command listens for it. */
  readonly onListening?: (pressCtrlC: () => void) => void;
}

/** Runs a command line in this process. */
export async function runCli(argv: readonly string[], setting: CliSetting): Promise<CliOutcome> {
  const written = { stdout: '', stderr: '' };
  const io: CliIo = {
    stdout: (text) => (written.stdout += text),
    stderr: (text) => (written.stderr += text),
    columns: setting.columns,
    colour: false,
    directory: setting.directory,
    onInterrupt(handler) {
      setting.onListening?.(handler);
      return () => undefined;
    },
    exit(code) {
      throw new Error(`exit ${code}`);
    },
  };
  const code = await main(argv, io, setting.loadModel);
  return { code, ...written };
}
