import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { JobClock, phases } from './clock.js';
import { thrownMessage, toVerdict, type Job, type VerifierTarget } from './job.js';
import { resolveVerifier, warmUp } from './resolve.js';
import { crashed, type Verdict } from '../verdict.js';

/** The thread of a `VerifierPool`: judges jobs in their order and says through the clock what it is doing. */
export interface WorkerSetup {
  readonly clock: SharedArrayBuffer;
  /** 0 to 19: added to the niceness of this thread alone, on Linux; elsewhere threads of a process have one priority. */
  readonly niceness: number;
  readonly preload: readonly VerifierTarget[];
}

/** Jobs are numbered from 1, without a gap; null stands for one that could not be sent. */
export interface NumberedJob {
  readonly number: number;
  readonly job: Job | null;
}

export type ToWorker = { readonly jobs: readonly NumberedJob[] } | { readonly warm: VerifierTarget };
export interface NumberedVerdict {
  readonly number: number;
  readonly verdict: Verdict;
}
export type FromWorker = { readonly ready: true } | { readonly verdicts: readonly NumberedVerdict[] };

/** Verdicts are sent together, since a message costs more than a quick verdict; none waits longer than this for others. */
const HOLD_MS = 1;

async function judge(job: Job, clock: JobClock): Promise<Verdict> {
  clock.enter(phases.loading);
  const resolved = await resolveVerifier(job.verifier);
  if ('failed' in resolved) return crashed('module-not-loaded', { feedback: resolved.failed });
  clock.enter(phases.running);
  const started = performance.now();
  try {
    const verdict = toVerdict(await resolved.verifier(job.response, job.reference, job.options));
    return { ...verdict, elapsedMs: performance.now() - started };
  } catch (thrown) {
    return crashed('threw', { feedback: thrownMessage(thrown), elapsedMs: performance.now() - started });
  }
}

/** Linux schedules threads, and takes the id of one where a process is asked for. */
function stepBack(niceness: number): void {
  if (niceness === 0 || process.platform !== 'linux') return;
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, Math.min(19, getPriority(thread) + niceness));
  } catch {
    // A sandbox without /proc, or one that forbids it: the worker judges all the same.
  }
}

async function main(port: NonNullable<typeof parentPort>, setup: WorkerSetup): Promise<void> {
  stepBack(setup.niceness);
  const clock = new JobClock(setup.clock);
  for (const target of setup.preload) await warmUp(target);
  const handle = async (message: ToWorker): Promise<void> => {
    if ('warm' in message) return warmUp(message.warm);
    let verdicts: NumberedVerdict[] = [];
    let sentMs = performance.now();
    const send = (): void => {
      if (verdicts.length > 0) port.postMessage({ verdicts } satisfies FromWorker);
      verdicts = [];
      sentMs = performance.now();
    };
    for (const { number, job } of message.jobs) {
      if (!clock.claim(number) || job === null) continue;
      const verdict = await judge(job, clock);
      clock.enter(phases.finished);
      verdicts.push({ number, verdict });
      if (performance.now() - sentMs > HOLD_MS) send();
    }
    send();
  };
  let last = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    last = last.then(() => handle(message));
  });
  port.postMessage({ ready: true } satisfies FromWorker);
}

if (parentPort !== null) await main(parentPort, workerData as WorkerSetup);
