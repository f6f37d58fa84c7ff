/**
 * The reward server under load: clients ask for mathematical verdicts at a fixed rate while one more client sends
 * killers (hostile answers, and a custom verifier that never returns) as fast as they are answered. Server and clients
 * are two processes on the same machine.
 *
 * Requests go out by the clock whether or not earlier ones have come back, and a latency counts from the moment at which
 * its request was due: a server that falls behind cannot hide it. `lost` counts requests without an answer, with an
 * error, or with a wrong verdict.
 *
 * Options: --rate 2000 (verdicts a second) --batch 8 (a request) --seconds 10 --warmup 3 --deadline 50 (of the endless
 * verifier, in milliseconds)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { cpus, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { table } from '../scripts/lib/table.mjs';
import { wholeNumbers } from './options.mjs';

const CLI = fileURLToPath(new URL('../packages/touchstone/bin/touchstone.js', import.meta.url));
const ENDLESS = `data:text/javascript,${encodeURIComponent('export const endless = () => { for (;;); };')}`;

/** Answers that hang other verifiers. */
const KILLERS = [
  '\\boxed{9^{9^{9^{9^9}}}}',
  `\\boxed{${'('.repeat(10_000)}1${')'.repeat(10_000)}}`,
  `\\boxed{${'\\sqrt{'.repeat(500)}2${'}'.repeat(500)}}`,
  '\\boxed{(((100!)!)!)!}',
  `\\boxed{${'(x+1)^{99}'.repeat(60)}}`,
  '1,'.repeat(100_000),
];

/** A worked answer of a few hundred characters, right or wrong, and the verdict it must get. */
function question(index) {
  const [a, b] = [3 + (index % 89), 7 + (index % 53)];
  const right = index % 3 !== 0;
  const value = a * b + (right ? 0 : 1);
  const answers = [
    `\\boxed{${value}}`,
    `\\boxed{\\frac{${2 * value}}{2}}`,
    `The answer is ${value}.`,
    `#### ${value}.0`,
  ];
  const working = `There are ${a} boxes with ${b} marbles each. `.repeat(6);
  const item = { kind: 'math', response: `${working}\n${answers[index % answers.length]}`, reference: String(a * b) };
  return { item, outcome: right ? 'correct' : 'incorrect' };
}

/** The server as a user starts it; resolves with its address once it listens. */
async function startServer() {
  const argv = [CLI, 'serve', 'rewards', '--port', '0', '--json', '--module', `endless=${ENDLESS}#endless`];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill() && process.exit(1));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, url: new URL(JSON.parse(line).url) };
}

/** POSTs items; resolves with the verdicts, or with null for anything but an answer in full. */
function post(url, agent, items) {
  const body = JSON.stringify({ items });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const sent = request(new URL('/verify', url), { method: 'POST', agent, headers }, (reply) => {
      const chunks = [];
      reply.on('data', (chunk) => chunks.push(chunk));
      reply.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve(reply.statusCode === 200 ? JSON.parse(text).verdicts : null);
      });
      reply.on('error', () => resolve(null));
    });
    sent.on('error', () => resolve(null));
    sent.end(body);
  });
}

/** One client that sends a killer as soon as the last one is answered. */
async function sendKillers(url, deadlineMs, isOver) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const outcomes = {};
  for (let i = 0; !isOver(); i++) {
    const hostile = { kind: 'math', response: KILLERS[i % KILLERS.length], reference: '5' };
    const endless = { kind: 'endless', response: '', reference: '', deadlineMs };
    const verdicts = await post(url, agent, i % 4 === 3 ? [endless] : [hostile]);
    const outcome = verdicts?.[0]?.outcome ?? 'lost';
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  agent.destroy();
  return outcomes;
}

/** Requests by the clock for so many seconds; resolves when all of them are answered. */
async function sendByTheClock(url, { rate, batch }, seconds) {
  const agent = new Agent({ keepAlive: true });
  const [latencies, pending] = [[], []];
  let lost = 0;
  const started = performance.now();
  const total = Math.round((rate * seconds) / batch);
  for (let i = 0; i < total; i++) {
    const due = started + (i * batch * 1000) / rate;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    const questions = Array.from({ length: batch }, (_, j) => question(i * batch + j));
    const asked = questions.map(({ item }) => item);
    const answered = post(url, agent, asked).then((verdicts) => {
      latencies.push(performance.now() - due);
      const isRight = questions.every(({ outcome }, j) => verdicts?.[j]?.outcome === outcome);
      if (!isRight) lost += 1;
    });
    pending.push(answered);
  }
  await Promise.all(pending);
  const tookSeconds = (performance.now() - started) / 1000;
  agent.destroy();
  return { requests: total, lost, verdictsPerSecond: (total * batch) / tookSeconds, latencies };
}

/** Processor time of the server so far, in seconds. */
async function cpuSeconds(url) {
  const text = await (await fetch(new URL('/metrics', url))).text();
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1]);
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

function page({ machine, options, load, killers, workersReplaced }) {
  const sent = Object.entries(killers).map(([outcome, count]) => `${count} ${outcome}`);
  return [
    `${options.rate} mathematical verdicts a second asked for, ${options.batch} a request. ` +
      `${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(2)}, Node ${machine.node}`,
    '',
    table(
      ['verdicts/s', 'requests', 'lost', 'p50 ms', 'p99 ms', 'max ms', 'server CPU ms/verdict'],
      [
        [
          load.verdictsPerSecond.toFixed(0),
          String(load.requests),
          String(load.lost),
          load.p50Ms.toFixed(1),
          load.p99Ms.toFixed(1),
          load.maxMs.toFixed(1),
          load.serverCpuMsPerVerdict.toFixed(3),
        ],
      ],
    ),
    '',
    `killers meanwhile: ${sent.join(', ')}; workers replaced: ${workersReplaced}`,
  ].join('\n');
}

export async function run(argv) {
  const options = wholeNumbers(argv, { rate: 2000, batch: 8, seconds: 10, warmup: 3, deadline: 50 });
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: loadavg()[0],
    node: process.version,
  };
  const { child, url } = await startServer();
  try {
    await sendByTheClock(url, options, options.warmup);
    const cpuBefore = await cpuSeconds(url);
    let over = false;
    const killing = sendKillers(url, options.deadline, () => over);
    const { latencies, ...measured } = await sendByTheClock(url, options, options.seconds);
    over = true;
    const killers = await killing;
    const serverCpuMs = ((await cpuSeconds(url)) - cpuBefore) * 1000;
    const { replaced } = await (await fetch(new URL('/health', url))).json();
    const load = {
      ...measured,
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      maxMs: quantile(latencies, 1),
      serverCpuMsPerVerdict: serverCpuMs / (measured.requests * options.batch),
    };
    const data = { machine, options, load, killers, workersReplaced: replaced };
    return { data, page: page(data) };
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}
