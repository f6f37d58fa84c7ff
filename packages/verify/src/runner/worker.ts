import { parentPort, workerData } from 'node:worker_threads';
import { JobClock, phases } from './clock.js';
import { thrownMessage, toVerdict, type Job, type VerifierTarget } from './job.js';
import { resolveVerifier, warmUp } from './resolve.js';
import { crashed, type Verdict } from '../verdict.js';

/** The thread of a `VerifierPool`: judges jobs in their order and says through the clock what it is doing. */
export interface WorkerSetup {
  readonly clock: SharedArrayBuffer;
  readonly preload: readonly VerifierTarget[];
}

/** Jobs are numbered from 1, without a gap; null stands for one that could not be sent. */
export interface NumberedJob {
  readonly number: number;
  readonly job: Job | null;
}

export type ToWorker = { readonly jobs: readonly NumberedJob[] } | { readonly warm: VerifierTarget };
export type FromWorker = { readonly ready: true } | { readonly number: number; readonly verdict: Verdict };

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

async function main(port: NonNullable<typeof parentPort>, setup: WorkerSetup): Promise<void> {
  const clock = new JobClock(setup.clock);
  for (const target of setup.preload) await warmUp(target);
  const handle = async (message: ToWorker): Promise<void> => {
    if ('warm' in message) return warmUp(message.warm);
    for (const { number, job } of message.jobs) {
      if (!clock.claim(number) || job === null) continue;
      const verdict = await judge(job, clock);
      clock.enter(phases.finished);
      port.postMessage({ number, verdict } satisfies FromWorker);
    }
  };
  let last = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    last = last.then(() => handle(message));
  });
  port.postMessage({ ready: true } satisfies FromWorker);
}

if (parentPort !== null) await main(parentPort, workerData as WorkerSetup);
