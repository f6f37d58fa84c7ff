import { join } from 'node:path';
import { nativePythonStatus } from '@touchstone/verify/code';
import type * as sandboxes from '@touchstone/verify/sandbox';
import { hasSimulator } from '@touchstone/verify/verilog';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runCli } from '../testing/cli.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { writeTinyModel } from '../testing/tiny-model.js';
import { checkMemory, checkNode, type Finding } from './doctor.js';

const WALLS = ['python', 'native', 'javascript', 'sql', 'verilog', 'svg'] as const;

interface Report {
  readonly code: number;
  readonly stderr: string;
  readonly names: readonly string[];
  readonly of: (check: string) => Finding | undefined;
}

/** What `touchstone doctor --json` says, with a small model or another. */
async function doctor(model?: string): Promise<Report> {
  const directory = await temporaryFolder();
  await writeTinyModel(join(directory, 'tiny'));
  const argv = ['doctor', '--json', '--threads', '1', '--model', model ?? 'tiny'];
  const { code, stdout, stderr } = await runCli(argv, { directory });
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
  const names = findings.map(({ check }) => check);
  return { code, stderr, names, of: (check) => findings.find((each) => each.check === check) };
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.doUnmock('@touchstone/verify/sandbox');
});

describe('touchstone doctor --json', { timeout: 60_000 }, () => {
  it('names every check once, with the walls and their versions', async () => {
    const { code, stderr, names, of } = await doctor();
    expect(code, stderr).toBe(0);
    expect(names).toEqual(['node', 'cores', 'memory', 'onnx', ...WALLS, 'model']);
    for (const wall of WALLS) expect(of(wall)).toMatchObject({ status: 'ok' });
    expect(of('python')?.detail).toMatch(/^pyodide \d+\.\d+\.\d+: CPython in WebAssembly$/);
    expect(of('javascript')?.detail).toMatch(/^quickjs-emscripten \d+\.\d+\.\d+: /);
    expect(of('sql')?.detail).toMatch(/^sql\.js \d+\.\d+\.\d+: /);
    expect(of('svg')?.detail).toMatch(/^@resvg\/resvg-js \d+\.\d+\.\d+: /);
    const simulator = hasSimulator() ? 'iverilog present' : 'iverilog absent, so no simulation';
    expect(of('verilog')?.detail).toMatch(/^@yowasp\/yosys \d+\.\d+\.\d+\S*: proofs in WebAssembly; /);
    expect(of('verilog')?.detail).toContain(simulator);
    const native = await nativePythonStatus();
    expect(of('native')?.detail).toBe(native.works ? native.detail : `not at hand (${native.detail})`);
    expect(of('model')?.detail).toMatch(/^tiny: \w+, 0\.0 M parameters, context 64, \d+ tokens\/s$/);
  });

  it('says which programs of the system are not at hand, and passes all the same', async () => {
    vi.stubEnv('PATH', await temporaryFolder());
    const { code, of } = await doctor();
    expect(code).toBe(0);
    expect(of('native')).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/^not at hand \(native Python: .*\)$/) as string,
    });
    expect(of('verilog')).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/; iverilog absent, so no simulation$/) as string,
    });
  });

  it('warns of the wall whose package is not installed, and of no other', async () => {
    vi.doMock('@touchstone/verify/sandbox', async (original) => {
      const real = await original<typeof sandboxes>();
      const packageFolder = (name: string): URL => {
        if (name === 'sql.js') throw new real.MissingPackageError(name);
        return real.packageFolder(name);
      };
      return { ...real, packageFolder };
    });
    const { code, of } = await doctor();
    expect(code).toBe(0);
    expect(of('sql')).toMatchObject({
      status: 'warning',
      detail: expect.stringMatching(/sql\.js.*; such answers cannot be run$/) as string,
    });
    for (const wall of WALLS.filter((name) => name !== 'sql')) expect(of(wall)?.status).toBe('ok');
  });

  it('prints its findings and fails when a check fails', async () => {
    const { code, stderr, names, of } = await doctor('./nowhere');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^touchstone doctor: every check must pass, got a failure of model; see above\n$/);
    expect(names).toHaveLength(5 + WALLS.length);
    expect(of('model')).toMatchObject({ status: 'failed' });
  });
});

describe('checks', () => {
  it('refuses a Node that is too old', () => {
    expect(['18.20.0', '20.8.1'].map((version) => checkNode(version).status)).toEqual(['failed', 'failed']);
    expect(['20.9.0', '22.0.0'].map((version) => checkNode(version).status)).toEqual(['ok', 'ok']);
  });

  it('warns of little memory', () => {
    expect(checkMemory(2 ** 30, 2 ** 34)).toMatchObject({
      status: 'warning',
      detail: '1.0 GiB free of 16.0; close other programs before training',
    });
    expect(checkMemory(2 ** 32, 2 ** 34).status).toBe('ok');
  });
});
