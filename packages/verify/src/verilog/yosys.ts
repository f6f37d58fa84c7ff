import type { RunOptions, Tree } from '@yowasp/yosys';

/** How a run of yosys ended: `failed` is an error that yosys reports, `broken` one of the program itself. */
export interface YosysRun {
  readonly ended: 'done' | 'failed' | 'broken';
  readonly log: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

type Run = (args: string[], files: Tree, options: RunOptions) => Tree | undefined;

let loaded: Run | undefined;

let sound = true;

/** Whether every run so far has ended by itself. */
export function isSound(): boolean {
  return sound;
}

/** Characters kept of a log; what is in the middle is left out. */
const MAX_LOG = 1 << 20;

/** Loads the WebAssembly modules; runs are synchronous from then on. */
export async function loadYosys(): Promise<void> {
  if (loaded !== undefined) return;
  const { runYosys } = await import('@yowasp/yosys');
  const quiet = { stdout: null, stderr: null };
  await runYosys(['-q', '-p', 'design -reset'], {}, quiet);
  loaded = runYosys as Run;
}

/** Runs a script over virtual files; nothing of it is kept. `loadYosys` must have been awaited. */
export function yosys(script: readonly string[], files: Readonly<Record<string, string | Uint8Array>>): YosysRun {
  if (loaded === undefined) throw new Error('yosys: must be loaded, got a call before; await loadYosys()');
  const pieces: Uint8Array[] = [];
  let size = 0;
  const keep = (bytes: Uint8Array | null): void => {
    if (bytes === null || size > MAX_LOG) return;
    pieces.push(bytes.slice());
    size += bytes.length;
  };
  const finish = (ended: YosysRun['ended'], tree: Tree): YosysRun => ({
    ended,
    log: Buffer.concat(pieces).toString('utf8'),
    files: Object.fromEntries(
      Object.entries(tree).flatMap(([name, content]) => (content instanceof Uint8Array ? [[name, content]] : [])),
    ),
  });
  try {
    const tree = loaded(
      ['-Q', '-T', '-s', 'script.ys'],
      { ...files, 'script.ys': script.join('\n') },
      {
        stdout: keep,
        stderr: keep,
        decodeASCII: false,
        synchronously: true,
      },
    );
    return finish('done', tree ?? {});
  } catch (thrown) {
    if (isExit(thrown)) return finish('failed', thrown.files);
    sound = false;
    return { ...finish('broken', {}), log: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function isExit(thrown: unknown): thrown is { code: number; files: Tree } {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'files' in thrown;
}
