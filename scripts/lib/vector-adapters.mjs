import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** slug -> fn -> implementation of test vectors, from every built package under `packages` that has any. */
export async function loadAdapters(packages) {
  const adapters = {};
  for (const name of readdirSync(packages).sort()) {
    const file = join(packages, name, 'dist/vectors/index.js');
    if (!existsSync(file)) continue;
    const { vectorAdapters } = await import(pathToFileURL(file));
    for (const [slug, functions] of Object.entries(vectorAdapters)) {
      for (const fn of Object.keys(functions)) {
        if (adapters[slug]?.[fn]) throw new Error(`vectors: ${slug}/${fn} has two implementations, one in ${name}`);
      }
      adapters[slug] = { ...adapters[slug], ...functions };
    }
  }
  return adapters;
}
