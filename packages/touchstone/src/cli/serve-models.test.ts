import { describe, expect, it } from 'vitest';
import { loadModel } from '../run/local-model.js';
import { runCli } from '../testing/cli.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { writeTinyModel } from '../testing/tiny-model.js';
import type { CliIo } from './io.js';
import { main } from './main.js';

/** Runs a server on a free port, asks it, and presses Ctrl-C. */
async function served(argv: readonly string[], directory: string, ask: (line: string) => Promise<void>) {
  const written = { stdout: '', stderr: '' };
  let asked: Promise<void> = Promise.resolve();
  const io: CliIo = {
    stdout: (text) => (written.stdout += text),
    stderr: (text) => (written.stderr += text),
    columns: undefined,
    colour: false,
    directory,
    onInterrupt(pressCtrlC) {
      asked = ask(written.stdout).finally(pressCtrlC);
      return () => undefined;
    },
    exit: () => undefined,
  };
  const code = await main([...argv, '--port', '0', '--threads', '1'], io, loadModel);
  await asked;
  return { code, ...written };
}

describe('serve tinker and serve openai', () => {
  it('tell their address, answer, and end with Ctrl-C', async () => {
    const directory = await temporaryFolder();
    await writeTinyModel(`${directory}/tiny`);
    for (const [kind, path] of [
      ['tinker', '/api/v1/healthz'],
      ['openai', '/health'],
    ] as const) {
      const { code, stdout, stderr } = await served(
        ['serve', kind, '--model', 'tiny', '--json'],
        directory,
        async (line) => {
          const { url, model } = JSON.parse(line) as { url: string; model: string };
          expect(model).toBe('tiny');
          expect((await fetch(new URL(path, url))).status).toBe(200);
        },
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      await expect(fetch((JSON.parse(stdout) as { url: string }).url)).rejects.toThrow();
    }
  });

  it('explain wrong input in one line', async () => {
    const directory = await temporaryFolder();
    await writeTinyModel(`${directory}/tiny`);
    const cases: [string[], RegExp][] = [
      [['serve', 'openai'], /required option '--model/],
      [['serve', 'tinker', '--model', 'none'], /none: must be a model folder, got no such folder/],
      [['serve', 'tinker', '--model', 'tiny', '--port', 'x'], /must be a port from 0 to 65535, got x/],
      [
        ['serve', 'openai', '--model', 'tiny', '--threads', '0'],
        /--threads must be a whole number of at least 1, got "0"/,
      ],
      [['serve', 'openai', '--model', 'tiny', '--queue', '-1'], /--queue/],
      [
        ['serve', 'tinker', '--model', 'tiny', '--state', 'tiny/config.json'],
        /config\.json must be a folder, or in one, got a file/,
      ],
      [
        ['serve', 'tinker', '--model', 'tiny', '--host', '203.0.113.7'],
        /203.0.113.7 must be an address of this machine, got EADDRNOTAVAIL/,
      ],
    ];
    for (const [argv, line] of cases) {
      const { code, stderr } = await runCli(argv, { directory, loadModel });
      expect(stderr, argv.join(' ')).toMatch(line);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(code).toBe(2);
    }
  });
});
