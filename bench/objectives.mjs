/**
 * What the objectives cost: advantages and loss gradients of one million tokens, every method of the registry, one core.
 * The batch is ragged (groups of 8, responses of up to 1,000 tokens, prompts and tool answers in between). Times are
 * medians over repetitions after one to warm up. `cpu` adds the garbage collector's threads and, unlike the clock, hardly
 * moves when other programs keep the core busy. Memory is the growth of the resident set at its highest; at a quarter of
 * the tokens it is measured again, and equal bytes a token mean that memory is linear.
 *
 * Losses over the likeliest tokens of each position (sdpo) see --top-k of them; their cost grows with that number, two
 * exponentials and a logarithm each, so that 100 cost about thirty times as much as 3.
 *
 * The whole table takes three to five minutes.
 *
 * Options: --tokens 1000000 --repeats 5 --only grpo,ppo --top-k 3
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { objectiveNames } from '../packages/objectives/dist/index.js';
import { table } from '../scripts/lib/table.mjs';

const SIDE = fileURLToPath(new URL('./objectives-side.mjs', import.meta.url));
const LIMIT_SECONDS = 1;

function measure(name, tokens, repeats, topK) {
  const argv = ['--expose-gc', SIDE, name, String(tokens), String(repeats), topK];
  return JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' }));
}

export async function run(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      tokens: { type: 'string', default: '1000000' },
      repeats: { type: 'string', default: '5' },
      only: { type: 'string' },
      'top-k': { type: 'string', default: '3' },
    },
  });
  const tokens = Number(values.tokens);
  const names = values.only?.split(',') ?? objectiveNames;
  const objectives = names.map((name, i) => {
    const topK = values['top-k'];
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${i + 1}/${names.length} ${name}`);
    const quarter = measure(name, tokens / 4, 1, topK);
    return { ...measure(name, tokens, values.repeats, topK), peakBytesPerTokenAtQuarter: quarter.peakBytesPerToken };
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const slowest = objectives.reduce((a, b) => (b.cpuSeconds > a.cpuSeconds ? b : a));
  const data = { node: process.version, limitSeconds: LIMIT_SECONDS, slowest: slowest.name, objectives };
  return { data, page: page(objectives, slowest) };
}

function page(objectives, slowest) {
  const milliseconds = (seconds) => (seconds * 1000).toFixed(0);
  const rows = objectives.map((entry) => [
    entry.name,
    milliseconds(entry.advantagesSeconds),
    milliseconds(entry.lossSeconds),
    milliseconds(entry.seconds),
    milliseconds(entry.cpuSeconds),
    entry.peakBytesPerToken.toFixed(0),
    entry.peakBytesPerTokenAtQuarter.toFixed(0),
  ]);
  const head = ['objective', 'advantages ms', 'loss ms', 'total ms', 'cpu ms', 'bytes/token', 'at a quarter'];
  const [{ tokens, lossTokens }] = objectives;
  const verdict = `${tokens} tokens, ${lossTokens} of them carry loss. Slowest: ${slowest.name}, ${slowest.cpuSeconds.toFixed(3)} s of cpu (limit ${LIMIT_SECONDS} s).`;
  return `${table(head, rows)}\n\n${verdict}`;
}
