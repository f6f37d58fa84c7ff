/**
 * The reward server under load: clients ask for mathematical verdicts at a fixed rate while one more client sends
 * killers (hostile answers, and a custom verifier that never returns) as fast as they are answered. Server and clients
 * are two processes on the same machine.
 *
 * Requests go out by the clock whether or not earlier ones have come back, and a latency counts from the moment at which
 * its request was due: a server that falls behind cannot hide it. They are written before the clock starts and their
 * answers read after it stops, because the clients take their time from the same cores. `lost` counts requests without
 * an answer, with an error, or with a wrong verdict. The same requests go to a server that only answers, without killers:
 * where its p99 is high, the machine was taken away from both.
 *
 * Options: --rate 2000 (verdicts a second) --batch 8 (a request) --seconds 10 --warmup 3 --deadline 50 (of the endless
 * verifier, in milliseconds)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { cpus, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { table } from '../scripts/lib/table.mjs';
import { wholeNumbers } from './options.mjs';

const LIMIT = fileURLToPath(new URL('./serve-limit.mjs', import.meta.url));
const CLI = fileURLToPath(new URL('../packages/touchstone/bin/touchstone.js', import.meta.url));
const ENDLESS = `data:text/javascript,${encodeURIComponent('export const endless = () => { for (;;); };')}`;

/** A connection without a request is kept so long: less than the 5 s after which the server closes it. */
const IDLE_MS = 2000;

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

/** The reward server as a user starts it. */
const REWARDS = [CLI, 'serve', 'rewards', '--port', '0', '--json', '--module', `endless=${ENDLESS}#endless`];

/** Starts a server; resolves with its address once it listens. */
async function startServer(argv) {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill() && process.exit(1));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, url: new URL(JSON.parse(line).url) };
}

/** A request to judge these items, as it goes over the wire. */
function requestFor(url, items) {
  const body = JSON.stringify({ items });
  const head = [
    'POST /verify HTTP/1.1',
    `Host: ${url.host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Connections that stay open, each with one request at a time. */
class Client {
  #idle = [];
  #open = new Set();

  constructor(url) {
    this.url = url;
  }

  /** Resolves with the whole answer once it is here; with null when the connection ends before. */
  send(request) {
    const socket = this.#fresh() ?? this.#connect();
    return new Promise((resolve) => {
      socket.reply = { chunks: [], missing: undefined, resolve };
      socket.write(request);
    });
  }

  /** The connection used last; those that the server is about to close for idleness are given up. */
  #fresh() {
    const socket = this.#idle.pop();
    if (socket === undefined || performance.now() - socket.idleSince < IDLE_MS) return socket;
    for (const old of [socket, ...this.#idle.splice(0)]) old.destroy();
    return undefined;
  }

  close() {
    for (const socket of this.#open) socket.destroy();
  }

  #connect() {
    const socket = connect(Number(this.url.port), this.url.hostname);
    socket.setNoDelay(true);
    this.#open.add(socket);
    socket.on('data', (chunk) => this.#receive(socket, chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#open.delete(socket);
      this.#idle = this.#idle.filter((each) => each !== socket);
      socket.reply?.resolve(null);
    });
    return socket;
  }

  #receive(socket, chunk) {
    const { reply } = socket;
    reply.chunks.push(chunk);
    if (reply.missing === undefined) {
      const text = Buffer.concat(reply.chunks).toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/^content-length: (\d+)$/im.exec(text.slice(0, end))?.[1]);
      reply.missing = end + 4 + length - text.length;
    } else {
      reply.missing -= chunk.length;
    }
    if (reply.missing > 0) return;
    socket.reply = undefined;
    socket.idleSince = performance.now();
    this.#idle.push(socket);
    reply.resolve(Buffer.concat(reply.chunks));
  }
}

/** The outcomes in an answer; none for anything but an answer in full. */
function outcomesOf(answer) {
  const [head, body] = (answer?.toString() ?? '').split('\r\n\r\n');
  if (!head.startsWith('HTTP/1.1 200 ')) return [];
  return (JSON.parse(body).verdicts ?? []).map(({ outcome }) => outcome);
}

/** One client that sends a killer as soon as the last one is answered. */
async function sendKillers(url, deadlineMs, isOver) {
  const client = new Client(url);
  const hostile = KILLERS.map((response) => requestFor(url, [{ kind: 'math', response, reference: '5' }]));
  const endless = requestFor(url, [{ kind: 'endless', response: '', reference: '', deadlineMs }]);
  const counts = {};
  for (let i = 0; !isOver(); i++) {
    const [outcome = 'lost'] = outcomesOf(await client.send(i % 4 === 3 ? endless : hostile[i % hostile.length]));
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  client.close();
  return counts;
}

/** Requests by the clock for so many seconds; resolves when all of them are answered. */
async function sendByTheClock(url, { rate, batch }, seconds) {
  const total = Math.round((rate * seconds) / batch);
  const asked = Array.from({ length: total }, (_, i) =>
    Array.from({ length: batch }, (_, j) => question(i * batch + j)),
  );
  const requests = asked.map((questions) =>
    requestFor(
      url,
      questions.map(({ item }) => item),
    ),
  );
  const client = new Client(url);
  const [latencies, pending] = [[], []];
  const started = performance.now();
  for (const [i, request] of requests.entries()) {
    const due = started + (i * batch * 1000) / rate;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    const answered = client.send(request).then((answer) => {
      latencies.push(performance.now() - due);
      return answer;
    });
    pending.push(answered);
  }
  const answers = await Promise.all(pending);
  const tookSeconds = (performance.now() - started) / 1000;
  client.close();
  const isRight = (answer, questions) => {
    const outcomes = outcomesOf(answer);
    return questions.every(({ outcome }, j) => outcomes[j] === outcome);
  };
  const lost = answers.filter((answer, i) => !isRight(answer, asked[i])).length;
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

function page({ machine, options, load, limit, killers, workersReplaced }) {
  const sent = Object.entries(killers).map(([outcome, count]) => `${count} ${outcome}`);
  const row = (name, { verdictsPerSecond, requests, lost, p50Ms, p99Ms, maxMs }, cpuMs, lostWords = String(lost)) => [
    name,
    verdictsPerSecond.toFixed(0),
    String(requests),
    lostWords,
    ...[p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1)),
    cpuMs,
  ];
  return [
    `${options.rate} mathematical verdicts a second asked for, ${options.batch} a request. ` +
      `${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(2)}, Node ${machine.node}`,
    '',
    table(
      ['server', 'verdicts/s', 'requests', 'lost', 'p50 ms', 'p99 ms', 'max ms', 'CPU ms/verdict'],
      [
        row('rewards, with killers', load, load.serverCpuMsPerVerdict.toFixed(3)),
        row('only answers, without', limit, '', ''),
      ],
    ),
    '',
    `killers meanwhile: ${sent.join(', ')}; workers replaced: ${workersReplaced}`,
  ].join('\n');
}

function summary({ latencies, ...measured }) {
  const at = (share) => quantile(latencies, share);
  return { ...measured, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

async function stop(child) {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** The reward server's part. */
async function measureRewards(options) {
  const { child, url } = await startServer(REWARDS);
  try {
    await sendByTheClock(url, options, options.warmup);
    const cpuBefore = await cpuSeconds(url);
    let over = false;
    const killing = sendKillers(url, options.deadline, () => over);
    const load = summary(await sendByTheClock(url, options, options.seconds));
    over = true;
    const killers = await killing;
    const serverCpuMs = ((await cpuSeconds(url)) - cpuBefore) * 1000;
    const { replaced } = await (await fetch(new URL('/health', url))).json();
    const serverCpuMsPerVerdict = serverCpuMs / (load.requests * options.batch);
    return { load: { ...load, serverCpuMsPerVerdict }, killers, workersReplaced: replaced };
  } finally {
    await stop(child);
  }
}

async function measureLimit(options) {
  const { child, url } = await startServer([LIMIT]);
  try {
    return summary(await sendByTheClock(url, options, options.seconds));
  } finally {
    await stop(child);
  }
}

export async function run(argv) {
  const options = wholeNumbers(argv, { rate: 2000, batch: 8, seconds: 10, warmup: 3, deadline: 50 });
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: loadavg()[0],
    node: process.version,
  };
  const measured = { machine, options, ...(await measureRewards(options)), limit: await measureLimit(options) };
  return { data: measured, page: page(measured) };
}
