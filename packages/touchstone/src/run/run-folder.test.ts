import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeForPeople, UserError } from '../errors.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { toyRecipe } from '../testing/toy-run.js';
import { appendJsonLine, cutFile, fileSize, writeWhole } from './files.js';
import { createRun, readRun, removeUnbegun } from './run-folder.js';

const description = {
  ...{ recipe: toyRecipe(), recipeFile: null, directory: '/somewhere', seeds: { run: 0, evaluation: 0 } },
  ...{ versions: { touchstone: '0.1.0' }, created: '2026-01-02T03:04:05.000Z' },
};

describe('a run folder', () => {
  it('gives back the description that it was made with', async () => {
    const folder = join(await temporaryFolder(), 'a', 'b');
    await createRun(folder, description);
    expect(await readRun(folder)).toMatchObject(description);
    await expect(createRun(folder, description)).rejects.toThrow(UserError);
  });

  it('refuses a description that was damaged or is of another format', async () => {
    const folder = join(await temporaryFolder(), 'run');
    const { description: file } = await createRun(folder, description);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, 20));
    await expect(readRun(folder)).rejects.toThrow(/run\.json: must be JSON/);
    await writeFile(file, text.replace('"format": 1', '"format": 7'));
    await expect(readRun(folder)).rejects.toThrow(/format must be 1, got 7/);
    await writeFile(file, text.replace('"steps"', '"stepz"'));
    await expect(readRun(folder)).rejects.toThrow(/unknown key "stepz"; did you mean "steps"/);
  });

  it('goes when nothing was measured, and stays otherwise', async () => {
    const paths = await createRun(join(await temporaryFolder(), 'run'), description);
    await appendJsonLine(paths.metrics, { step: 0 });
    await removeUnbegun(paths);
    expect(existsSync(paths.folder)).toBe(true);
    await cutFile(paths.metrics, 0);
    await removeUnbegun(paths);
    expect(existsSync(paths.folder)).toBe(false);
  });
});

describe('files', () => {
  it('cut a torn line off, and complain when a file is shorter than it was', async () => {
    const file = join(await temporaryFolder(), 'metrics.jsonl');
    await appendJsonLine(file, { step: 1, loss: Number.NaN });
    const whole = await fileSize(file);
    await appendFile(file, '{"step":2,"lo');
    await cutFile(file, whole);
    expect(await readFile(file, 'utf8')).toBe('{"step":1,"loss":null}\n');
    await expect(cutFile(file, whole + 1)).rejects.toThrow(/must have at least 24 bytes, got 23/);
  });

  it.runIf(existsSync('/dev/full'))('on a full disk fail with one line and exit code 2', async () => {
    const error: unknown = await appendJsonLine('/dev/full', { step: 1 }).catch((caught: unknown) => caught);
    expect(describeForPeople(error)).toEqual({
      line: expect.stringMatching(/^disk: .* needs free space, got a full disk \(ENOSPC\); .*--resume$/) as string,
      exitCode: 2,
    });
  });

  it.each([
    ['EISDIR', /^disk: .*taken must be a file, got a folder \(EISDIR\); choose another name$/],
    ['ENOTDIR', /^disk: .*below must be a folder, or in one, got a file \(ENOTDIR\); choose another name$/],
  ])('where something else is in their place fail with one line: %s', async (code, line) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'taken'));
    await writeFile(join(folder, 'file'), '');
    const place = code === 'EISDIR' ? join(folder, 'taken') : join(folder, 'file', 'below');
    const error: unknown = await writeFile(place, 'x').catch((caught: unknown) => caught);
    expect(describeForPeople(error)).toEqual({ line: expect.stringMatching(line) as string, exitCode: 2 });
  });

  it('are there whole or not at all', async () => {
    const folder = await temporaryFolder();
    await writeWhole(join(folder, 'x'), 'old');
    await expect(writeWhole(join(folder, 'x', 'y'), 'new')).rejects.toThrow();
    await writeWhole(join(folder, 'x'), 'new');
    expect(await readFile(join(folder, 'x'), 'utf8')).toBe('new');
  });
});
