import { QuickJsSandbox } from '../javascript/sandbox.js';
import { PyodideSandbox, type PythonSandbox } from '../python/sandbox.js';
import type { Sandbox } from '../sandbox/program.js';

let python: PythonSandbox | null = null;
let javascript: Sandbox | null = null;

/** The Python processes that all callers of this process share; made on first use. */
export function pythonSandbox(): PythonSandbox {
  return (python ??= new PyodideSandbox());
}

/** The JavaScript processes that all callers of this process share; made on first use. */
export function javascriptSandbox(): Sandbox {
  return (javascript ??= new QuickJsSandbox());
}

/** Ends the shared processes. The next use starts new ones. */
export async function closeSandboxes(): Promise<void> {
  const closing = [python, javascript].flatMap((each) => each?.close() ?? []);
  python = null;
  javascript = null;
  await Promise.all(closing);
}
