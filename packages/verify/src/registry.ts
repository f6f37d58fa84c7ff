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
  text: {
    load: async () => (await import('./text/verify-text.js')).verifyText,
    checks:
      'a text answer after normalisation, or by `metric`: exact, contains, token-f1, rouge-l, bleu, length-aware-bleu',
    reference: 'a text, or a list of accepted texts',
  },
  choice: {
    load: async () => (await import('./choice/verify-choice.js')).verifyChoice,
    checks: 'the option that a response settles on, by letter or by text',
    reference: 'a letter, several letters, or { options, answer }',
  },
  format: {
    load: async () => (await import('./format/verify-format.js')).verifyFormat,
    checks: 'the layout of a response: think and answer tags, a single box, no trailing text',
    reference: 'the name of a gate such as think-then-answer, or a list of them',
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
