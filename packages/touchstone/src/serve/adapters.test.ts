import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRewardServer, type RewardServer } from './rewards-server.js';

const root = new URL('../../../../', import.meta.url);
const folder = fileURLToPath(new URL('adapters/python/', root));
const venv = fileURLToPath(new URL('.venv/bin/python', root));
const python = process.env.TOUCHSTONE_PYTHON ?? (existsSync(venv) ? venv : 'python3');

function has(...argv: string[]): boolean {
  return spawnSync(python, argv).status === 0;
}

/** Runs a module of unittest without blocking the server that it asks. */
function unittest(module: string, url: string): Promise<{ ok: boolean; output: string }> {
  const env = { ...process.env, TOUCHSTONE_URL: url, TOKENIZERS_PARALLELISM: 'false' };
  return new Promise((resolve) => {
    execFile(python, ['-B', '-m', 'unittest', '-v', module], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: `${stdout}\n${stderr}` });
    });
  });
}

describe.skipIf(!has('--version'))('Python adapters (skipped without python3)', () => {
  let server: RewardServer;
  beforeAll(async () => {
    const module = `data:text/javascript,${encodeURIComponent('export const loop = () => { for (;;); };')}`;
    const modules = { loop: { module, export: 'loop' } };
    server = await startRewardServer({ port: 0, workers: 2, deadlineMs: 200, preload: [], modules });
  });
  afterAll(() => server.close());

  it('every adapter gets its rewards from the server', async () => {
    const { ok, output } = await unittest('test_adapters', server.url);
    expect(ok, output).toBe(true);
    expect(output).toMatch(/Ran 1[0-9] tests/);
  }, 60_000);

  it.skipIf(!has('-c', 'import importlib.util as u, sys; sys.exit(u.find_spec("trl") is None)'))(
    "TRL's own trainer takes a step with them (skipped without TRL)",
    async () => {
      const { ok, output } = await unittest('test_trl_trainer', server.url);
      expect(ok, output).toBe(true);
      expect(output).toMatch(/Ran 1 test/);
    },
    240_000,
  );
});
