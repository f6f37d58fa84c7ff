/**
 * Runs numeric test vectors against the implementations of this repository.
 *
 *   npm run vectors -- [file or folder] [--only slug,...] [--json]
 *
 * A vector file is named <slug>.json and holds { cases: [{ name, fn, inputs, params, expected, tol }] }. Each workspace
 * package may export `vectorAdapters` (slug -> fn -> (inputs, params) => result) from dist/vectors/index.js; those of one
 * slug are merged. Numbers agree within tol absolute plus tol relative, everything else exactly, and only keys of
 * `expected` are compared. `unread` names the inputs and parameters that no case's adapter looks at. Exit codes: 0
 * nothing failed (missing adapters are counted, not failed), 1 a case failed, 2 wrong usage.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadAdapters } from './lib/vector-adapters.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A fault of the caller: one line, exit code 2. */
class UsageError extends Error {}

function readArguments() {
  const options = { only: { type: 'string' }, json: { type: 'boolean', default: false } };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (positionals.length > 1) throw new Error(`one file or folder at most, got ${positionals.length}`);
    return { path: positionals[0], only: values.only?.split(',').map((slug) => slug.trim()), json: values.json };
  } catch (error) {
    throw new UsageError(
      `vectors: ${error.message}; usage: npm run vectors -- [file or folder] [--only slug,...] [--json]`,
    );
  }
}

function vectorFiles(path, only) {
  if (!existsSync(path)) throw new UsageError(`vectors: no such file or folder, got ${path}`);
  const isFolder = statSync(path).isDirectory();
  const files = isFolder
    ? readdirSync(path)
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const slugOf = (file) => basename(file, '.json');
  const unknown = only?.filter((slug) => !files.some((file) => slugOf(file) === slug)) ?? [];
  if (unknown.length > 0) throw new UsageError(`vectors: --only names ${unknown.join(', ')}, not found in ${path}`);
  return files
    .filter((file) => only === undefined || only.includes(slugOf(file)))
    .map((file) => ({ slug: slugOf(file), cases: readCases(file) }));
}

function readCases(file) {
  try {
    const { cases } = JSON.parse(readFileSync(file, 'utf8'));
    if (!Array.isArray(cases)) throw new Error('"cases" must be an array');
    return cases;
  } catch (error) {
    throw new UsageError(`vectors: ${file} is not a vector file: ${error.message}`);
  }
}

function jsonReport({ slug, passed, failed, missing, failures, unread }) {
  return { slug, passed, failed, missing, failures, unread };
}

function printTable(methods, totals) {
  for (const { slug, passed, failed, missing, failures, missingFunctions, unread } of methods) {
    const lacking = missing > 0 ? `  no implementation: ${missingFunctions.join(', ')}` : '';
    console.log(`${slug.padEnd(24)} pass ${passed}  fail ${failed}  missing ${missing}${lacking}`);
    if (unread.length > 0) console.log(`  never read: ${unread.join(', ')}`);
    for (const { name, fn, reason } of failures) console.log(`  FAIL ${name} (${fn}): ${reason}`);
  }
  console.log(`total: pass ${totals.passed}  fail ${totals.failed}  missing ${totals.missing}`);
}

async function main() {
  const { path, only, json } = readArguments();
  const shared = process.env.TOUCHSTONE_SHARED ?? resolve(root, '../shared');
  const folder = path === undefined ? join(shared, 'papers/vectors') : resolve(path);
  if (path === undefined && !existsSync(folder)) {
    const reason = `no vectors at ${relative(process.cwd(), folder)}; give a file or folder`;
    console.log(
      json
        ? JSON.stringify({ passed: 0, failed: 0, missing: 0, methods: [], skipped: reason })
        : `vectors: skipped, ${reason}`,
    );
    return 0;
  }
  const runner = join(root, 'packages/objectives/dist/vectors/run.js');
  if (!existsSync(runner)) throw new UsageError('vectors: packages are not built; run: npm run build');
  const { runVectors } = await import(pathToFileURL(runner));
  const adapters = await loadAdapters(join(root, 'packages'));
  const methods = vectorFiles(folder, only).map(({ slug, cases }) => runVectors(slug, cases, adapters[slug] ?? {}));
  const sum = (key) => methods.reduce((total, method) => total + method[key], 0);
  const totals = { passed: sum('passed'), failed: sum('failed'), missing: sum('missing') };
  if (json) console.log(JSON.stringify({ ...totals, methods: methods.map(jsonReport) }));
  else printTable(methods, totals);
  return totals.failed > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
