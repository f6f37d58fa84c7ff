import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { vectorAdapters } from './index.js';
import { runVectors, type VectorFile } from './run.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = join(process.env['TOUCHSTONE_SHARED'] ?? resolve(root, '../shared'), 'papers/vectors');

describe.skipIf(!existsSync(folder))(`published test vectors (skipped without ${folder})`, () => {
  test.each(Object.entries(vectorAdapters))('%s', (slug, adapters) => {
    const { cases } = JSON.parse(readFileSync(join(folder, `${slug}.json`), 'utf8')) as VectorFile;
    const known = cases.filter(({ fn }) => Object.hasOwn(adapters, fn));
    expect(known.length).toBeGreaterThan(0);
    expect(runVectors(slug, known, adapters).failures).toEqual([]);
  });
});
