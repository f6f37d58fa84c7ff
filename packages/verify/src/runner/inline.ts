/**
 * Judging on the caller's own thread, for the registered kinds only: each of them is bounded by its own step budget,
 * which is what makes this safe. It stops nothing: a defect in a verifier that made it endless would hang the caller,
 * and a custom module is therefore refused. Use a `VerifierPool` for those.
 */
import { isVerifierKind } from '../registry.js';
import type { Job, Runner } from './job.js';
import { thrownMessage, toVerdict } from './job.js';
import { resolveVerifier } from './resolve.js';
import { crashed, withElapsed, type Verdict } from '../verdict.js';

/** Judges one job on this thread. Throws a `TypeError` for a custom module; resolves for anything a response holds. */
export async function runInline(job: Job): Promise<Verdict> {
  const target = job.verifier;
  if (typeof target !== 'string') {
    throw new TypeError(
      `runInline: a registered kind is needed, got the module ${target.module}, which may never return; use VerifierPool`,
    );
  }
  const resolved = await resolveVerifier(target);
  if ('failed' in resolved) {
    if (!isVerifierKind(target)) throw new RangeError(`runInline: ${resolved.failed}`);
    return crashed('module-not-loaded', { feedback: resolved.failed });
  }
  const started = performance.now();
  try {
    return withElapsed(toVerdict(resolved.verifier(job.response, job.reference, job.options)), started);
  } catch (thrown) {
    return withElapsed(crashed('threw', { feedback: thrownMessage(thrown) }), started);
  }
}

/** The same as a `Runner`. */
export const inlineRunner: Runner = { run: runInline, close: () => Promise.resolve() };
