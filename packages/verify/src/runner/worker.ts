import { parentPort, workerData } from 'node:worker_threads';
import { JobClock, phases } from './clock.js';
import { thrownMessage, toVerdict, type Job, type VerifierTarget } from './job.js';
import { resolveVerifier, warmUp } from './resolve.js';
import { crashed, type Verdict } from '../verdict.js';

/** The thread of a `VerifierPool`: judges one job at a time and says through the clock what it is doing. */
export interface WorkerSetup {
  readonly clock: SharedArrayBuffer;
  readonly preload: readonly VerifierTarget[];
}

export type ToWorker = { readonly id: number; readonly job: Job } | { readonly warm: VerifierTarget };
export type FromWorker = { readonly ready: true } | { readonly id: number; readonly verdict: Verdict };

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
  port.on('message', (message: ToWorker) => {
    if ('warm' in message) {
      void warmUp(message.warm);
      return;
    }
    void judge(message.job, clock).then((verdict) => {
      clock.enter(phases.finished);
      port.postMessage({ id: message.id, verdict } satisfies FromWorker);
    });
  });
  port.postMessage({ ready: true } satisfies FromWorker);
}

if (parentPort !== null) await main(parentPort, workerData as WorkerSetup);
