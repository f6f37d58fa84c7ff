import { afterAll, describe, expect, it } from 'vitest';
import { attemptPython, pythonEscapes } from './escapes.js';
import { PyodideSandbox } from './sandbox.js';

const sandbox = new PyodideSandbox({ workers: 1, spares: 1 });
afterAll(() => sandbox.close());

describe('attempts to get out of the Python wall', () => {
  it.each(pythonEscapes)(
    '$name',
    async (escape) => {
      const { held, seen } = await attemptPython(escape, sandbox);
      expect(held, seen).toBe(true);
    },
    60_000,
  );

  it.each(pythonEscapes.filter(({ source }) => source.includes('ESCAPED')))(
    '$name is not held by a timeout, which would lose its mark',
    ({ held }) => expect(held ?? []).not.toContain('timeout'),
  );

  it('leave the wall as it was', async () => {
    const result = await sandbox.run({ language: 'python', files: { 'main.py': 'print("fresh")' } });
    expect(result).toMatchObject({ outcome: 'ok', stdout: 'fresh\n' });
  }, 60_000);
});
