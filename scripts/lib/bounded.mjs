import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

/** Between asking a program to end and ending it. */
const GRACE_MS = 20_000;
const running = new Set();

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(name, () => void Promise.all([...running].map((group) => group.end())).then(() => process.exit(1)));
}

/**
 * A program in a process group of its own: `end` ends it with all that it started, and so does the end of this process
 * by Ctrl-C or SIGTERM. `onLine` gets the lines of its stdout, `onErrorLine` those of its stderr; without them both are
 * passed on.
 *
 * @returns {{ exited: Promise<number | null>, end: () => Promise<void> }} `exited` null: by a signal, or never started
 */
export function startGroup(command, args, { onLine, onErrorLine, ...options } = {}) {
  const pipeOf = (listener) => (listener === undefined ? 'inherit' : 'pipe');
  const stdio = ['ignore', pipeOf(onLine), pipeOf(onErrorLine)];
  const child = spawn(command, args, { ...options, stdio, detached: true });
  const exited = once(child, 'exit').then(
    ([code]) => code,
    () => null,
  );
  const group = { exited, end: () => endGroup(child, exited) };
  if (child.pid === undefined) return group;
  running.add(group);
  void exited.then(() => running.delete(group));
  if (onLine !== undefined) byLine(child.stdout, onLine);
  if (onErrorLine !== undefined) byLine(child.stderr, onErrorLine);
  return group;
}

/**
 * Runs a program to its end, `minutes` at most.
 *
 * @returns {Promise<{ code: number | null, late: boolean }>} `late`: it was ended because its time was over
 */
export async function runBounded(command, args, { minutes, ...options }) {
  const group = startGroup(command, args, options);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void group.end();
  }, minutes * 60_000);
  const code = await group.exited;
  clearTimeout(timer);
  // Whatever it left behind.
  await group.end();
  return { code, late };
}

async function endGroup(child, exited) {
  if (child.pid === undefined || !signalGroup(child, 'SIGTERM')) return;
  await Promise.race([exited, wait(GRACE_MS, undefined, { ref: false })]);
  signalGroup(child, 'SIGKILL');
  await exited;
}

/** False: there is nobody left in the group. */
function signalGroup(child, name) {
  try {
    return process.kill(-child.pid, name);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}

function byLine(stream, listener) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    lines.forEach(listener);
  });
}
