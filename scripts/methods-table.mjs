/**
 * Writes docs/methods.md from the registry of packages/objectives (build first). `--check` writes nothing and exits 1
 * when the page differs from what would be written. Vector counts are taken anew where TOUCHSTONE_SHARED (default
 * ../shared beside the repository) is at hand, and kept from the page where not.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { methodsPage } from '../packages/objectives/dist/methods-page.js';
import { vectorAdapters } from '../packages/objectives/dist/vectors/index.js';
import { runVectors } from '../packages/objectives/dist/vectors/run.js';
import { loadAdapters } from './lib/vector-adapters.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = join(root, 'docs/methods.md');

async function vectorCounts() {
  // A card's rewards are functions of packages/verify.
  const adapters = await loadAdapters(join(root, 'packages'));
  const folder = join(process.env.TOUCHSTONE_SHARED ?? resolve(root, '../shared'), 'papers/vectors');
  const counts = {};
  for (const slug of Object.keys(vectorAdapters)) {
    const path = join(folder, `${slug}.json`);
    if (!existsSync(path)) continue;
    const { cases } = JSON.parse(readFileSync(path, 'utf8'));
    counts[slug] = { passed: runVectors(slug, cases, adapters[slug]).passed, cases: cases.length };
  }
  return counts;
}

const previous = existsSync(file) ? readFileSync(file, 'utf8') : '';
const page = methodsPage(await vectorCounts(), previous);
if (!process.argv.includes('--check')) {
  mkdirSync(join(root, 'docs'), { recursive: true });
  writeFileSync(file, page);
  console.log(`docs/methods.md: ${page === previous ? 'unchanged' : 'written'}`);
} else if (page !== previous) {
  console.error('methods-table: docs/methods.md differs from the registry; run: node scripts/methods-table.mjs');
  process.exitCode = 1;
}
