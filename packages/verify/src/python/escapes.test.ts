import { afterAll, describe, expect, it } from 'vitest';
import { attemptPython, pythonEscapes } from './escapes.js';
import { PyodideSandbox } from './sandbox.js';

const sandbox = new PyodideSandbox({ workers: 1, spares: 1 });
afterAll(() => sandbox.close());

describe('attempts to get out of the Python wall', () => {
  it.each(pythonEscapes)(
    '$name',
    async (escape) => {
      // What is to end by itself has time on a busy machine, too.
      const wallMs = escape.held?.includes('timeout') === true ? 1500 : 20_000;
      const { held, seen } = await attemptPython(escape, sandbox, wallMs);
      expect(held, seen).toBe(true);
    },
    60_000,
  );

  it('leave the wall as it was', async () => {
    const result = await sandbox.run({ language: 'python', files: { 'main.py': 'print("fresh")' } });
    expect(result).toMatchObject({ outcome: 'ok', stdout: 'fresh\n' });
  }, 60_000);
});
