/**
 * Main module of a sandbox process: loads one backend, takes from its own realm what an escaping text could use, and
 * runs jobs one after another. Clock and memory are watched from outside, by the pool.
 */
import { constants } from 'node:fs';
import type { SandboxBackend } from './backend.js';
import type { FromSandbox, ToSandbox } from './messages.js';

const exit = process.exit.bind(process);
const send = process.send?.bind(process);

function answer(message: FromSandbox): void {
  send?.(message);
}

function words(thrown: unknown): string {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return text.slice(0, 2000);
}

/**
 * The second wall inside the process. What an interpreter does not give out cannot be reached; should a text reach
 * the realm of JavaScript all the same, it finds no environment, no network and no way to native code there.
 */
function disarm(): void {
  const things = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'BroadcastChannel', 'Worker', 'navigator'];
  for (const name of [...things, 'require', 'module', 'Request', 'Response', 'Headers', 'FormData']) {
    Reflect.deleteProperty(globalThis, name);
  }
  const ways = ['_linkedBinding', 'dlopen', 'kill', '_kill', 'getBuiltinModule', 'send', 'mainModule'];
  for (const name of [...ways, '_debugProcess', '_startProfilerIdleNotifier', 'report']) {
    Object.defineProperty(process, name, { value: undefined, writable: false, configurable: false });
  }
  // WebAssembly modules built by Emscripten ask it for constants whenever one is started.
  const value = (): object => ({ fs: constants });
  Object.defineProperty(process, 'binding', { value, writable: false, configurable: false });
  process.env = Object.freeze({});
  process.argv.length = 0;
  process.execArgv.length = 0;
}

async function serve(backend: SandboxBackend<unknown, unknown>, setup: string | undefined): Promise<void> {
  await backend.prepare(setup === undefined ? undefined : (JSON.parse(setup) as unknown));
  process.on('message', ({ job, limits }: ToSandbox) => {
    void handle(backend, job, limits);
  });
  disarm();
  answer({ kind: 'ready' });
}

async function handle(
  backend: SandboxBackend<unknown, unknown>,
  job: unknown,
  limits: ToSandbox['limits'],
): Promise<void> {
  const started = performance.now();
  try {
    const value = await backend.run(job, limits, (part) => answer({ kind: 'note', part }));
    const elapsedMs = performance.now() - started;
    answer({ kind: 'value', value, elapsedMs, reusable: backend.reusable?.() ?? true });
  } catch (thrown) {
    answer({ kind: 'threw', message: words(thrown), elapsedMs: performance.now() - started });
  }
}

// Ctrl-C in a terminal is for the process that owns the pool; it ends this one.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => exit(0));
const [, , backend, setup] = process.argv;
if (backend === undefined || send === undefined) {
  process.stderr.write('sandbox host: must be started by a SandboxPool with the URL of a backend, got none\n');
  exit(1);
} else {
  await import(backend)
    .then((loaded: SandboxBackend<unknown, unknown>) => serve(loaded, setup))
    .catch((thrown: unknown) => {
      process.stderr.write(`${words(thrown)}\n`, () => exit(1));
    });
}
