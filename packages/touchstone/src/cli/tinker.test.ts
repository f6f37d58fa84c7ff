import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { LocalEngine } from '@touchstone/engine';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startTinkerServer } from '../serve/tinker/tinker-server.js';
import { runCli } from '../testing/cli.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { writeTinyModel } from '../testing/tiny-model.js';

const KEY = 'tml-a-key-that-nobody-may-read';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A tiny model behind our own server, which wants `KEY`. */
async function workplace() {
  const directory = await temporaryFolder();
  const model = join(directory, 'model');
  await writeTinyModel(model);
  const engine = await LocalEngine.load(model, { threads: 1 });
  const options = {
    modelName: 'tiny',
    tokenizerId: model,
    stateFolder: join(directory, 'server'),
    port: 0,
    token: KEY,
  };
  const server = await startTinkerServer({ engine, ...options });
  cleanups.push(
    () => engine.dispose(),
    () => server.close(),
  );
  return { directory, url: server.url };
}

const SMALL = [
  'rollout.prompts=2',
  'rollout.group=2',
  'rollout.maxNewTokens=8',
  'evaluation.tasks=2',
  'evaluation.samples=1',
];

function trainArguments(url: string, ...rest: readonly string[]): string[] {
  const settings = [...SMALL, 'filter.name=none', 'task={"name":"addition"}'].flatMap((setting) => ['--set', setting]);
  return ['train', 'quickstart', '--engine', 'tinker', '--base-url', url, '--model', 'model', ...settings, ...rest];
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('touchstone train --engine tinker', () => {
  it('trains, resumes and measures on a server; its key is in no file and no line of output', async () => {
    const { directory, url } = await workplace();
    vi.stubEnv('TINKER_API_KEY', KEY);
    const trained = await runCli(trainArguments(url, '--steps', '2', '--run', 'out'), { directory });
    expect(trained).toMatchObject({ code: 0 });
    const resumed = await runCli(['train', '--resume', 'out', '--base-url', url], { directory });
    expect(resumed).toMatchObject({ code: 0 });
    const state = join('out', 'checkpoints', 'step-000002');
    const where = ['--engine', 'tinker', '--base-url', url, '--model', 'model', '--state', state];
    const measured = await runCli(['eval', ...where, '--task', 'addition', '--limit', '2', '--max-new-tokens', '8'], {
      directory,
    });
    expect(measured).toMatchObject({ code: 0 });
    const files = await filesBelow(directory);
    expect(files.length).toBeGreaterThan(8);
    for (const file of files) expect((await readFile(file)).includes(KEY), file).toBe(false);
    for (const { stdout, stderr } of [trained, resumed, measured]) expect(stdout + stderr).not.toContain(KEY);
  }, 120_000);

  it('says where the key goes when it is missing or wrong, and leaves no run behind', async () => {
    const { directory, url } = await workplace();
    for (const key of ['', 'tml-another']) {
      vi.stubEnv('TINKER_API_KEY', key);
      const { code, stderr } = await runCli(trainArguments(url, '--steps', '1', '--run', 'out'), { directory });
      expect(code).toBe(2);
      expect(stderr).toMatch(/HTTP 401.*set TINKER_API_KEY to a key of this server\n$/);
      expect(stderr).not.toContain('tml-another');
      expect(await readdir(directory)).not.toContain('out');
    }
  });

  it.each([
    [['--engine', 'tinker'], /engine\.baseUrl: must be given with the tinker engine/],
    [['--engine', 'tinkr', '--base-url', 'http://127.0.0.1:9'], /engine\.name/],
    [['--engine', 'tinker', '--base-url', 'nonsense'], /engine\.baseUrl/],
    [['--base-url', 'http://127.0.0.1:9'], /engine\.baseUrl: must be given with the tinker engine, and with no other/],
  ])('names what is wrong with %j', async (options, words) => {
    const directory = await temporaryFolder();
    const { code, stderr } = await runCli(['train', 'quickstart', ...options], { directory });
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
    expect(stderr.trim()).not.toContain('\n');
  });

  it('stops with Ctrl-C while a server that does not answer is waited for, and leaves no run behind', async () => {
    const directory = await temporaryFolder();
    await writeTinyModel(join(directory, 'model'));
    const silent = createServer(() => undefined);
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void silent.close().closeAllConnections());
    const { port } = silent.address() as AddressInfo;
    const argv = trainArguments(`http://127.0.0.1:${port}`, '--steps', '1', '--run', 'out', '--json');
    const onListening = (press: () => void) => void setTimeout(press, 50);
    const { code, stdout, stderr } = await runCli(argv, { directory, onListening });
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/^note: stopping .*\nstopped before the model was open; nothing has changed\n$/);
    expect(await readdir(directory)).not.toContain('out');
  });

  it('names the models of the server where it has not got the one that is asked for', async () => {
    const { directory, url } = await workplace();
    vi.stubEnv('TINKER_API_KEY', KEY);
    const { code, stderr } = await runCli(trainArguments(url, '--steps', '1', '--set', 'engine.baseModel=other'), {
      directory,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/engine\.baseModel must be a model of the server, got other; it has tiny/);
  });
});
