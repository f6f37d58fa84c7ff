import type { Verdict } from './verdict.js';

/** A check of one response against one reference. Synchronous, bounded, and never throwing on what a model wrote. */
export type Verifier = (response: string, reference: unknown, options?: Readonly<Record<string, unknown>>) => Verdict;

/** One registered kind: how to load it (heavy ones on first use) and what it expects. */
export interface VerifierEntry {
  readonly load: () => Promise<Verifier>;
  /** One line for help texts: what is checked. */
  readonly checks: string;
  /** One line for help texts and errors: what a reference looks like. */
  readonly reference: string;
}

export const verifiers = {
  exact: {
    load: async () => (await import('./kinds/exact.js')).verifyExact,
    checks: 'the whole response, character for character',
    reference: 'a string, or a list of strings any of which is right',
  },
  instructions: {
    load: async () => (await import('./instructions/verify-instructions.js')).verifyInstructionReference,
    checks: 'the instructions of IFEval and IFBench, strictly or with `mode: loose`',
    reference: '{ instruction_id, kwargs }, or a list of them',
  },
} as const satisfies Record<string, VerifierEntry>;

export type VerifierKind = keyof typeof verifiers;

export const verifierKinds = Object.keys(verifiers) as readonly VerifierKind[];

export function isVerifierKind(name: string): name is VerifierKind {
  return Object.hasOwn(verifiers, name);
}

/** Loads a registered verifier; the module behind it is imported on first use. */
export function loadVerifier(kind: VerifierKind): Promise<Verifier> {
  const entries: Readonly<Record<string, VerifierEntry>> = verifiers;
  const entry = entries[kind];
  if (entry === undefined) {
    throw new RangeError(`loadVerifier: must be one of ${verifierKinds.join(', ')}, got ${String(kind)}`);
  }
  return entry.load();
}
