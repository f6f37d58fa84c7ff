import { QuickJsSandbox } from '../javascript/sandbox.js';
import { PyodideSandbox, type PythonSandbox } from '../python/sandbox.js';
import type { Sandbox } from '../sandbox/program.js';
import { Shared } from '../sandbox/shared.js';

const python = new Shared<PythonSandbox>(() => new PyodideSandbox());
const javascript = new Shared<Sandbox>(() => new QuickJsSandbox());

/** The Python processes that all callers of this process share; made on first use. */
export function pythonSandbox(): PythonSandbox {
  return python.get();
}

/** The JavaScript processes that all callers of this process share; made on first use. */
export function javascriptSandbox(): Sandbox {
  return javascript.get();
}

/** Ends the shared processes. The next use starts new ones. */
export async function closeSandboxes(): Promise<void> {
  await Promise.all([python.close(), javascript.close()]);
}
