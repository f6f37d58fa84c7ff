import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { imagePath, readImage, removeStaleImages, useImage, writeImage } from './image.js';

const DAY_MS = 24 * 3600 * 1000;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'touchstone-images-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('images of an interpreter', () => {
  it('of other versions go once they have not been used for 30 days, and nothing else does', () => {
    const own = join(folder, basename(imagePath()));
    const now = Date.now();
    const files: readonly (readonly [name: string, days: number])[] = [
      [basename(own), 90],
      ['python-0.28.3-0123456789abcdef.image', 31],
      ['python-0.28.3-fedcba9876543210.image', 29],
      ['python-0.29.0-0123456789abcdef.image.4711', 31],
      ['python-0.29.0-0123456789abcdef.image.txt', 90],
      ['notes.image', 90],
    ];
    for (const [name, days] of files) {
      writeFileSync(join(folder, name), '');
      const used = new Date(now - days * DAY_MS);
      utimesSync(join(folder, name), used, used);
    }
    removeStaleImages(join(folder, 'an.image'), now);
    expect(readdirSync(folder)).toHaveLength(files.length);
    removeStaleImages(own, now);
    const gone = ['python-0.28.3-0123456789abcdef.image', 'python-0.29.0-0123456789abcdef.image.4711'];
    expect(readdirSync(folder).sort()).toEqual(
      files
        .map(([name]) => name)
        .filter((name) => !gone.includes(name))
        .sort(),
    );
  });

  it('are marked when they are used, and are not used when they are cut short', () => {
    const path = join(folder, 'an.image');
    expect(useImage(path)).toBe(false);
    writeImage(path, { memory: new Uint8Array(100).fill(7), serve: 1, stack: 2 });
    const long = new Date(Date.now() - 60 * DAY_MS);
    utimesSync(path, long, long);
    expect(useImage(path)).toBe(true);
    expect(Date.now() - statSync(path).mtimeMs).toBeLessThan(DAY_MS);
    expect(readImage(path)).toMatchObject({ serve: 1, stack: 2 });
    truncateSync(path, 50);
    expect(useImage(path)).toBe(false);
    expect(readImage(path)).toBeNull();
  });

  it('lie in the cache folder of the user, also where its variable is empty', () => {
    expect(imagePath().startsWith(join(folder, 'touchstone', 'python-'))).toBe(true);
    vi.stubEnv('XDG_CACHE_HOME', '');
    expect(isAbsolute(imagePath())).toBe(true);
  });
});
