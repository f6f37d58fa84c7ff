import { NativePythonSandbox, type NativePythonOptions } from './native.js';
import { PyodideSandbox, type PyodideOptions, type PythonSandbox } from './sandbox.js';

export interface ChoosePythonOptions {
  /** `pyodide` (default): WebAssembly, everywhere. `native`: CPython behind bubblewrap, or an error. */
  readonly prefer?: 'pyodide' | 'native';
  readonly native?: NativePythonOptions;
  readonly pyodide?: PyodideOptions;
}

export interface PythonChoice {
  readonly kind: 'pyodide' | 'native';
  readonly sandbox: PythonSandbox;
  /** Why this one, in words. */
  readonly reason: string;
}

/**
 * Opens the Python sandbox that was asked for. Never another one in its place, and never an interpreter without a wall:
 * throws a `NativeWallError` that says what is missing when native Python is preferred and its wall does not work.
 */
export async function choosePython(options: ChoosePythonOptions = {}): Promise<PythonChoice> {
  const { prefer = 'pyodide' } = options;
  if (prefer === 'native') {
    const sandbox = await NativePythonSandbox.open(options.native);
    const reason = `native was asked for, and CPython ${sandbox.interpreter.version} started behind bubblewrap`;
    return { kind: 'native', sandbox, reason };
  }
  const reason = 'pyodide: WebAssembly holds whatever the kernel of the host allows; native was not asked for';
  return { kind: 'pyodide', sandbox: new PyodideSandbox(options.pyodide), reason };
}
