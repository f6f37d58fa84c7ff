/**
 * A full GRPO step on the CPU, ours and TRL's GRPOTrainer in turn: same Llama shape (5M parameters), 8 prompts x 8
 * rollouts of 16 + 112 tokens, same number of threads; once with fixed lengths and once with lengths that differ
 * (geometric, mean about 32). Rounds alternate the sides, so that a slow minute of the machine meets both.
 *
 * Options: --rounds 3 --steps 4 (a round, after one to warm up) --threads 2 --spread 32
 * The peer needs a Python with torch, transformers, trl, datasets, accelerate (see `findPython`) and the script
 * peers/trl_grpo.py of the folder TOUCHSTONE_SHARED (default ../shared beside the repository); else our side runs alone.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPython } from '../scripts/lib/python.mjs';
import { table } from '../scripts/lib/table.mjs';
import { gemmRate } from './gemm.mjs';
import { wholeNumbers } from './options.mjs';
import { median } from './statistics.mjs';

const ROLLOUTS = 64;
const SIDE = fileURLToPath(new URL('./grpo-side.mjs', import.meta.url));

/** @returns {{ python: string, script: string } | { missing: string }} */
function findPeer() {
  const shared = process.env.TOUCHSTONE_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
  const script = join(shared, 'peers', 'trl_grpo.py');
  if (!existsSync(script)) return { missing: `no ${script}; set TOUCHSTONE_SHARED` };
  const found = findPython(['torch', 'transformers', 'trl', 'datasets', 'accelerate']);
  return 'missing' in found ? found : { ...found, script };
}

/** Runs a program to its end and parses its last line of output. */
function lastJsonLine(program, argv) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err] = [[], []];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve(JSON.parse(String(Buffer.concat(out)).trim().split('\n').at(-1)));
      reject(new Error(`bench: ${program} ${argv.join(' ')} exited with ${code}\n${Buffer.concat(err)}`));
    });
  });
}

async function ourRound(options, spread) {
  const argv = [SIDE, '--steps', options.steps, '--threads', options.threads, '--spread', spread];
  return lastJsonLine(process.execPath, argv.map(String));
}

async function peerRound(peer, options, spread) {
  const argv = [peer.script, '--steps', options.steps, '--threads', options.threads, '--spread', spread];
  const found = await lastJsonLine(peer.python, argv.map(String));
  return { secondsPerStep: found.seconds_per_step, all: found.all, meanLength: found.mean_length };
}

/** Medians over the rounds; a ratio is taken within each round first. */
async function measure(peer, options, spread) {
  const [ours, theirs] = [[], []];
  for (let round = 0; round < options.rounds; round += 1) {
    ours.push(await ourRound(options, spread));
    if ('script' in peer) theirs.push(await peerRound(peer, options, spread));
  }
  const result = { ours: summary(ours) };
  if (theirs.length === 0) return result;
  const ratios = ours.map((round, i) => theirs[i].secondsPerStep / round.secondsPerStep);
  return { ...result, peer: summary(theirs), ratio: median(ratios), ratios };
}

function summary(rounds) {
  const middle = (of) => median(rounds.map(of));
  const secondsPerStep = middle((round) => round.secondsPerStep);
  const meanLength = middle((round) => round.meanLength);
  const common = {
    secondsPerStep,
    stepsPerMinute: 60 / secondsPerStep,
    newTokensPerSecond: (ROLLOUTS * meanLength) / secondsPerStep,
    meanLength,
    all: rounds.flatMap((round) => round.all),
  };
  if (rounds[0].parts === undefined) return common;
  const names = Object.keys(rounds[0].parts);
  return {
    ...common,
    parts: Object.fromEntries(names.map((name) => [name, middle((round) => round.parts[name])])),
    samplingTokensPerSecond: middle((round) => round.samplingTokensPerSecond),
    trainGflopPerSecond: middle((round) => round.trainGflopPerSecond),
    peakMemoryMB: middle((round) => round.peakMemoryMB),
  };
}

function modeRows(mode, { ours, peer, ratio }) {
  const row = (side, found, shown) => [
    `${mode}, ${side}`,
    found.secondsPerStep.toFixed(3),
    found.stepsPerMinute.toFixed(1),
    found.newTokensPerSecond.toFixed(0),
    found.meanLength.toFixed(1),
    shown,
  ];
  const rows = [row('touchstone', ours, ratio === undefined ? '-' : `${ratio.toFixed(2)} x`)];
  return peer === undefined ? rows : [...rows, row('TRL', peer, '1')];
}

function partsRow(mode, { ours }, gemm) {
  const { sample, objective, train, optim } = ours.parts;
  return [
    mode,
    ...[sample, objective, train, optim].map((seconds) => seconds.toFixed(3)),
    ours.samplingTokensPerSecond.toFixed(0),
    ours.trainGflopPerSecond.toFixed(0),
    `${((100 * ours.trainGflopPerSecond) / gemm).toFixed(0)} %`,
    ours.peakMemoryMB.toFixed(0),
  ];
}

function pageOf({ machine, gemmGflopPerSecond: gemm, options, fixed, spread, peerMissing }) {
  const spreadName = `spread ${options.spread}`;
  return [
    `GRPO step: 5M Llama, ${ROLLOUTS} rollouts, 16 + 112 tokens, f32; ${options.rounds} rounds x ${options.steps} steps, medians`,
    `${machine.cpu}, ${machine.cores} cores, ${options.threads} threads, Node ${machine.node}, load before ${machine.loadBefore.toFixed(2)}`,
    '',
    table(
      ['lengths, side', 's/step', 'steps/min', 'new tok/s', 'mean length', 'speed'],
      [...modeRows('fixed', fixed), ...modeRows(spreadName, spread)],
    ),
    ...(peerMissing === undefined ? [] : [`TRL not measured: ${peerMissing}`]),
    '',
    table(
      [
        'touchstone',
        'sample s',
        'objective s',
        'train s',
        'optim s',
        'sampled tok/s',
        'train GFLOP/s',
        'of GEMM',
        'peak MB',
      ],
      [partsRow('fixed', fixed, gemm), partsRow(spreadName, spread, gemm)],
    ),
    `GEMM: ${gemm.toFixed(0)} GFLOP/s (ONNX Runtime, 1024 x 1024 x 1024, f32; the better of before and after)`,
  ].join('\n');
}

/** @param {readonly string[]} argv */
export async function run(argv) {
  const options = wholeNumbers(argv, { rounds: 3, steps: 4, threads: 2, spread: 32 });
  const peer = findPeer();
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.versions.node,
    loadBefore: loadavg()[0],
  };
  const before = await gemmRate(options);
  const fixed = await measure(peer, options, 0);
  const spread = await measure(peer, options, options.spread);
  const after = await gemmRate(options);
  const data = {
    bench: 'grpo',
    machine,
    options,
    gemmGflopPerSecond: Math.max(before, after),
    fixed,
    spread,
    ...('missing' in peer ? { peerMissing: peer.missing } : {}),
  };
  return { data, page: pageOf(data) };
}
