import type { RunOptions, Tree } from '@yowasp/yosys';

/** How a run of yosys ended: `failed` is an error that yosys reports, `broken` one of the program itself. */
export interface YosysRun {
  readonly ended: 'done' | 'failed' | 'broken';
  readonly log: string;
  /** What commands wrote to standard output in place of a file; of a run that is not `quiet`, in the log. */
  readonly printed: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

type Run = (args: string[], files: Tree, options: RunOptions) => Tree | undefined;

let loaded: Run | undefined;

let sound = true;

/** Whether every run so far has ended by itself. */
export function isSound(): boolean {
  return sound;
}

/** Bytes kept of a log. */
const MAX_LOG = 1 << 20;

/** Bytes that commands may print. */
const MAX_PRINTED = 1 << 27;

/** Loads the WebAssembly modules; runs are synchronous from then on. */
export async function loadYosys(): Promise<void> {
  if (loaded !== undefined) return;
  const { runYosys } = await import('@yowasp/yosys');
  const quiet = { stdout: null, stderr: null };
  await runYosys(['-q', '-p', 'design -reset'], {}, quiet);
  loaded = runYosys as Run;
}

/**
 * Runs a script over virtual files; nothing of it is kept. `loadYosys` must have been awaited.
 * @param quiet the log holds warnings and errors alone, and what is printed is apart from it. Large results are best
 *   printed: a virtual file is copied whole for each 4 KiB that are added to it.
 */
export function yosys(
  script: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>>,
  { quiet = false }: { readonly quiet?: boolean } = {},
): YosysRun {
  if (loaded === undefined) throw new Error('yosys: must be loaded, got a call before; await loadYosys()');
  const log = kept(MAX_LOG);
  const printed = quiet ? kept(MAX_PRINTED) : log;
  const finish = (ended: YosysRun['ended'], tree: Tree): YosysRun => ({
    ended,
    log: log.text(),
    printed: quiet ? printed.text() : '',
    files: Object.fromEntries(
      Object.entries(tree).flatMap(([name, content]) => (content instanceof Uint8Array ? [[name, content]] : [])),
    ),
  });
  try {
    const tree = loaded(
      [...(quiet ? ['-q'] : []), '-Q', '-T', '-s', 'script.ys'],
      { ...files, 'script.ys': script.join('\n') },
      { stdout: printed.keep, stderr: log.keep, decodeASCII: false, synchronously: true },
    );
    return finish('done', tree ?? {});
  } catch (thrown) {
    if (isExit(thrown)) return finish('failed', thrown.files);
    sound = false;
    return { ...finish('broken', {}), log: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** A stream of which so many bytes are kept. */
function kept(most: number): { readonly keep: (bytes: Uint8Array | null) => void; readonly text: () => string } {
  const pieces: Uint8Array[] = [];
  let size = 0;
  return {
    keep: (bytes) => {
      if (bytes === null || size > most) return;
      pieces.push(bytes.slice());
      size += bytes.length;
    },
    text: () => Buffer.concat(pieces).toString('utf8'),
  };
}

function isExit(thrown: unknown): thrown is { code: number; files: Tree } {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'files' in thrown;
}
