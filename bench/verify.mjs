/**
 * Throughput of the mathematical verifier on one core, beside Python's math-verify on the same rows: those of the exams
 * gsm8k-solutions and math-verify. Both sides are measured in processor time of their own process, so that a busy
 * machine slows neither side's figure down more than the other's; wall time stands beside it.
 *
 * Options: --seconds 5 (processor time of each side, after one pass to warm up). The rows come from the folder exams of TOUCHSTONE_SHARED
 * (default ../shared beside the repository). The peer needs a Python with math_verify (see `findPython`); without it our
 * side runs alone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadVerifier } from '@touchstone/verify';
import { findPython } from '../scripts/lib/python.mjs';
import { table } from '../scripts/lib/table.mjs';
import { wholeNumbers } from './options.mjs';

const FILES = ['gsm8k-solutions.json', 'math-verify.json'];
const PEER = fileURLToPath(new URL('./verify-peer.py', import.meta.url));

/** Rows of one grader's own convention are left out on both sides. */
function readRows() {
  const shared = process.env.TOUCHSTONE_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
  return FILES.flatMap((name) => {
    const file = join(shared, 'exams', name);
    if (!existsSync(file)) throw new Error(`bench verify: no ${file}; set TOUCHSTONE_SHARED`);
    const rows = JSON.parse(readFileSync(file, 'utf8'));
    return rows
      .filter(({ notes }) => !String(notes ?? '').startsWith('policy:'))
      .map(({ prediction, reference, expected }) => ({ file: name, prediction, reference, expected }));
  });
}

/** Verdicts a second, both by the wall clock and by processor time, and the share of verdicts as expected. */
function summary({ count, wallSeconds, cpuSeconds, right }, rows) {
  const accuracy = (name) => {
    const chosen = rows.flatMap((row, i) => (name === undefined || row.file === name ? [right[i]] : []));
    return chosen.filter(Boolean).length / chosen.length;
  };
  return {
    perCpuSecond: count / cpuSeconds,
    perSecond: count / wallSeconds,
    accuracy: accuracy(),
    accuracyByFile: Object.fromEntries(FILES.map((name) => [name, accuracy(name)])),
  };
}

async function ourSide(rows, seconds) {
  const verify = await loadVerifier('math');
  const right = rows.map(({ prediction, reference, expected }) => {
    return (verify(prediction, reference).outcome === 'correct') === expected;
  });
  const cpu = process.cpuUsage();
  const started = performance.now();
  let count = 0;
  let cpuSeconds;
  do {
    for (const { prediction, reference } of rows) verify(prediction, reference);
    count += rows.length;
    const { user, system } = process.cpuUsage(cpu);
    cpuSeconds = (user + system) / 1e6;
  } while (cpuSeconds < seconds);
  return summary({ count, wallSeconds: (performance.now() - started) / 1000, cpuSeconds, right }, rows);
}

function peerSide(rows, seconds) {
  const found = findPython(['math_verify']);
  if ('missing' in found) return found;
  const input = JSON.stringify({ rows, seconds });
  const child = spawnSync(found.python, [PEER], { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (child.status !== 0) throw new Error(`bench verify: ${found.python} ${PEER} failed\n${child.stderr}`);
  const { version, ...measured } = JSON.parse(child.stdout.trim().split('\n').at(-1));
  return { version, ...summary(measured, rows) };
}

function page({ machine, rows, touchstone, mathVerify, ratio }) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const line = (name, side) => [
    name,
    side.perCpuSecond.toFixed(0),
    side.perSecond.toFixed(0),
    ...FILES.map((file) => percent(side.accuracyByFile[file])),
  ];
  const peer = 'missing' in mathVerify ? [] : [line(`math-verify ${mathVerify.version}`, mathVerify)];
  return [
    `Mathematical verdicts over ${rows} rows. ${machine.cpu}, load ${machine.load.toFixed(2)}, Node ${machine.node}`,
    '',
    table(['side', 'per CPU second', 'per second', ...FILES], [line('touchstone', touchstone), ...peer]),
    '',
    'missing' in mathVerify ? `math-verify did not run: ${mathVerify.missing}` : `ratio ${ratio.toFixed(0)}`,
  ].join('\n');
}

export async function run(argv) {
  const { seconds } = wholeNumbers(argv, { seconds: 5 });
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', load: loadavg()[0], node: process.version };
  const rows = readRows();
  const touchstone = await ourSide(rows, seconds);
  const mathVerify = peerSide(rows, seconds);
  const ratio = 'missing' in mathVerify ? null : touchstone.perCpuSecond / mathVerify.perCpuSecond;
  const data = { machine, rows: rows.length, touchstone, mathVerify, ratio };
  return { data, page: page(data) };
}
