import { readFileSync } from 'node:fs';
import type { Finding } from './doctor.js';

/** Checks of the walls behind which answers are run: whether each is at hand, without running anything long in it. */
export const wallChecks: readonly (() => Promise<Finding>)[] = [
  () => packageWall('python', 'pyodide', 'CPython in WebAssembly'),
  checkNativePython,
  () => packageWall('javascript', 'quickjs-emscripten', 'QuickJS in WebAssembly'),
  () => packageWall('sql', 'sql.js', 'SQLite in WebAssembly'),
  checkVerilog,
  () => packageWall('svg', '@resvg/resvg-js', 'native drawing of checked pictures'),
];

async function packageWall(check: string, name: string, words: string): Promise<Finding> {
  const { packageFolder } = await import('@touchstone/verify/sandbox');
  try {
    const manifest = readFileSync(new URL('package.json', packageFolder(name)), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    return { check, status: 'ok', detail: `${name} ${version}: ${words}` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { check, status: 'warning', detail: `${reason}; such answers cannot be run` };
  }
}

/** Absent is fine: it is used only where it is asked for. */
async function checkNativePython(): Promise<Finding> {
  const { nativePythonStatus } = await import('@touchstone/verify/code');
  const { works, detail } = await nativePythonStatus();
  return { check: 'native', status: 'ok', detail: works ? detail : `not at hand (${detail})` };
}

async function checkVerilog(): Promise<Finding> {
  const found = await packageWall('verilog', '@yowasp/yosys', 'proofs in WebAssembly');
  const { hasSimulator } = await import('@touchstone/verify/verilog');
  const simulator = hasSimulator() ? 'iverilog present' : 'iverilog absent, so no simulation';
  return { ...found, detail: `${found.detail}; ${simulator}` };
}
