/**
 * Parity with Python transformers: `npm run parity`. Random tiny models of every family go through the engine and
 * through torch; the table shows the largest error of each check. Exit code 1 where one is out of tolerance. Without a
 * Python that has torch and transformers it says so and exits with 0. `--keep` leaves the working folder in place.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalEngine } from '@touchstone/engine';
import { findPython } from '../lib/python.mjs';
import { readSafetensors } from '../lib/safetensors.mjs';
import { table } from '../lib/table.mjs';
import {
  checkForward,
  checkGradients,
  checkSampling,
  checkTraining,
  maxDifference,
  vocabularyRows,
  withoutStarts,
} from './checks.mjs';

const ENGINE_OPTIONS = { threads: 2 };

function reference(python, command, folder) {
  const script = fileURLToPath(new URL('./reference.py', import.meta.url));
  const run = spawnSync(python, [script, command, folder], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`parity: ${python} reference.py ${command} failed\n${run.stderr}`);
}

/** Everything that needs no further Python: columns, gradients, greedy tokens, optimiser. */
async function checkCase(folder, settings) {
  const engine = await LocalEngine.load(join(folder, 'model'), ENGINE_OPTIONS);
  try {
    return [
      ...(await checkForward(engine, folder, settings)),
      ...(await checkSampling(engine, folder, settings)),
      ...(await checkGradients(folder, ENGINE_OPTIONS)),
      ...(await checkTraining(engine, folder, settings)),
    ];
  } finally {
    await engine.dispose();
  }
}

/** What was saved here, loaded there, and the sampler's log-probs scored there. */
async function checkVerified(folder) {
  const verified = readSafetensors(join(folder, 'verified.safetensors'));
  const inputs = readSafetensors(join(folder, 'inputs.safetensors'));
  const batch = { tokens: inputs.get('tokens'), offsets: inputs.get('offsets') };
  const errors = [];
  for (const kind of ['saved-f32', 'saved-bf16']) {
    const engine = await LocalEngine.load(join(folder, kind), ENGINE_OPTIONS);
    errors.push(maxDifference(await vocabularyRows(engine, batch), withoutStarts(verified.get(kind), batch)));
    await engine.dispose();
  }
  const sampled = JSON.parse(readFileSync(join(folder, 'sampled.json'), 'utf8'));
  const theirs = verified.get('sampled').filter((_, t) => sampled.scored[t] === 1);
  return [
    { check: 'sampler log-probs', error: maxDifference(sampled.logProbs, theirs), tolerance: 1e-4 },
    { check: 'saved f32', error: errors[0], tolerance: 1e-4 },
    { check: 'saved bf16', error: errors[1], tolerance: 1e-4 },
    { check: 'tokenizer', error: 1 - verified.get('tokenizer')[0], tolerance: 0 },
  ];
}

/** Checks are rows, cases are columns: one page whatever the number of checks. */
function page(results) {
  const cases = [...results.keys()];
  const checks = results.get(cases[0]);
  const cell = ({ error, tolerance }) =>
    `${error === 0 ? '0' : error.toExponential(1)}${error <= tolerance ? '' : ' !'}`;
  const rows = checks.map(({ check, tolerance }, i) => [
    check,
    tolerance === 0 ? '0' : tolerance.toExponential(0),
    ...cases.map((name) => cell(results.get(name)[i])),
  ]);
  return table(['largest error', 'tolerance', ...cases], rows);
}

async function main() {
  const found = findPython(['torch', 'transformers', 'safetensors', 'tokenizers']);
  if ('missing' in found) {
    console.log(`parity: skipped: ${found.missing}`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-parity-'));
  try {
    reference(found.python, 'make', folder);
    const cases = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));
    const results = new Map();
    for (const [name, settings] of Object.entries(cases)) {
      results.set(name, await checkCase(join(folder, name), settings));
    }
    reference(found.python, 'verify', folder);
    for (const name of results.keys()) results.get(name).push(...(await checkVerified(join(folder, name))));
    console.log(page(results));
    const failed = [...results].flatMap(([name, rows]) =>
      rows.filter(({ error, tolerance }) => !(error <= tolerance)).map(({ check }) => `${name}: ${check}`),
    );
    for (const line of failed) console.log(`out of tolerance: ${line}`);
    return failed.length === 0 ? 0 : 1;
  } finally {
    if (process.argv.includes('--keep')) console.log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
