import { isVerifierKind, loadVerifier } from '../registry.js';
import type { VerifierTarget } from './job.js';
import { thrownMessage } from './job.js';

/** A loaded verifier; a custom one may also return a boolean, a number or a promise (see `toVerdict`). */
export type AnyVerifier = (
  response: string,
  reference: unknown,
  options?: Readonly<Record<string, unknown>>,
) => unknown;

export type Resolved = { readonly verifier: AnyVerifier } | { readonly failed: string };

const loaded = new Map<string, Promise<Resolved>>();

/** Loads a verifier once per thread. Never rejects: what cannot be loaded says why. */
export function resolveVerifier(target: VerifierTarget): Promise<Resolved> {
  const key = typeof target === 'string' ? target : `${target.module}#${target.export}`;
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const resolved = load(target).catch((thrown: unknown) => ({ failed: thrownMessage(thrown) }));
  loaded.set(key, resolved);
  return resolved;
}

async function load(target: VerifierTarget): Promise<Resolved> {
  if (typeof target === 'string') {
    if (isVerifierKind(target)) return { verifier: await loadVerifier(target) };
    return { failed: `verifier: must be a registered kind or a module, got ${JSON.stringify(target)}` };
  }
  const exports = (await import(target.module)) as Record<string, unknown>;
  const verifier = exports[target.export];
  if (typeof verifier === 'function') return { verifier: verifier as AnyVerifier };
  const names = Object.keys(exports).join(', ') || 'nothing';
  return { failed: `${target.module}: must export the function ${target.export}, got exports ${names}` };
}

/**
 * Loads a verifier ahead of its first job and, for a registered kind, judges its fixtures once, so that the job pays
 * neither for loading nor for what is made on first use. A failure is reported by that job.
 */
export async function warmUp(target: VerifierTarget): Promise<void> {
  const resolved = await resolveVerifier(target);
  if (typeof target !== 'string' || 'failed' in resolved || !isVerifierKind(target)) return;
  const { verifierFixtures } = await import('../kinds/fixtures.js');
  for (const { response, reference, options } of verifierFixtures[target]) {
    resolved.verifier(response, reference, options);
  }
}
