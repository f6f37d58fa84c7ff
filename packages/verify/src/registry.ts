import { optionFault, referenceFault, type OptionRules } from './task-faults.js';
import { unscorable, type Verdict } from './verdict.js';

/** A check of one response against one reference. Synchronous, bounded, and never throwing on what a model wrote. */
export type Verifier = (response: string, reference: unknown, options?: Readonly<Record<string, unknown>>) => Verdict;

/** One registered kind: how to load it (heavy ones on first use) and what it expects. */
export interface VerifierEntry {
  readonly load: () => Promise<Verifier>;
  /** One line for help texts: what is checked. */
  readonly checks: string;
  /** One line for help texts and errors: what a reference looks like. */
  readonly reference: string;
  /** The options it has. */
  readonly options: OptionRules;
}

export const verifiers = {
  exact: {
    load: async () => (await import('./kinds/exact.js')).verifyExact,
    checks: 'the whole response, character for character',
    reference: 'a string, or a list of strings any of which is right',
    options: {},
  },
  math: {
    load: async () => (await import('./math/verify.js')).verifyMathReference,
    checks: 'the final answer as mathematics: numbers, units, expressions, equations, sets, intervals, matrices',
    reference: 'an answer or solution in LaTeX or plain text, a number, or a list of accepted ones',
    options: { absolute: 'number', relative: 'number', decimals: 'number', order: 'own' },
  },
  text: {
    load: async () => (await import('./text/verify-text.js')).verifyText,
    checks:
      'a text answer after normalisation, or by `metric`: exact, contains, token-f1, rouge-l, bleu, length-aware-bleu',
    reference: 'a text, or a list of accepted texts',
    options: { metric: 'own' },
  },
  choice: {
    load: async () => (await import('./choice/verify-choice.js')).verifyChoice,
    checks: 'the option that a response settles on, by letter or by text',
    reference: 'a letter, several letters, or { options, answer }',
    options: { partial: 'boolean' },
  },
  format: {
    load: async () => (await import('./format/verify-format.js')).verifyFormat,
    checks: 'the layout of a response: think and answer tags, a single box, no trailing text',
    reference: 'the name of a gate such as think-then-answer, or a list of them',
    options: {},
  },
  json: {
    load: async () => (await import('./structure/verify-json.js')).verifyJson,
    checks: 'a JSON answer against a schema, a value, or both',
    reference: '{ schema?, value? }',
    options: { whole: 'boolean' },
  },
  'tool-calls': {
    load: async () => (await import('./structure/tool-calls.js')).verifyToolCalls,
    checks: 'tool calls between tool-call tags; `ordered: true` compares them position by position',
    reference: '{ name, arguments }, or a list of them',
    options: { ordered: 'boolean' },
  },
  grid: {
    load: async () => (await import('./structure/grid.js')).verifyGrid,
    checks: 'a grid cell by cell, as ARC does; `partial: true` pays for the share of right cells',
    reference: 'a list of rows of cells',
    options: { partial: 'boolean' },
  },
  table: {
    load: async () => (await import('./structure/grid.js')).verifyTable,
    checks: 'a table by the names of its rows and columns, as in zebra puzzles',
    reference: '{ row: { column: cell } }',
    options: {},
  },
  'date-time': {
    load: async () => (await import('./structure/date-time.js')).verifyDateTime,
    checks: 'a date, a time of day, or both; `order: day-first` reads 03/04/2021 as 3 April',
    reference: 'a text that states the date or time, such as 2021-03-05 14:30',
    options: { order: ['month-first', 'day-first'] },
  },
  list: {
    load: async () => (await import('./structure/lists.js')).verifyList,
    checks: 'a list of items; `ordered: true` where their order matters',
    reference: 'a list of texts or numbers, or the text of one',
    options: { ordered: 'boolean' },
  },
  ranking: {
    load: async () => (await import('./structure/lists.js')).verifyRanking,
    checks: 'the order of a given set of items, by pairs',
    reference: 'the items in their right order',
    options: {},
  },
  instructions: {
    load: async () => (await import('./instructions/verify-instructions.js')).verifyInstructionReference,
    checks: 'the instructions of IFEval and IFBench, strictly or with `mode: loose`',
    reference: '{ instruction_id, kwargs }, or a list of them',
    options: { mode: ['strict', 'loose'] },
  },
} as const satisfies Record<string, VerifierEntry>;

export type VerifierKind = keyof typeof verifiers;

export const verifierKinds = Object.keys(verifiers) as readonly VerifierKind[];

export function isVerifierKind(name: string): name is VerifierKind {
  return Object.hasOwn(verifiers, name);
}

/**
 * Loads a registered verifier; the module behind it is imported on first use. Options that the kind does not have, and
 * references that no kind can use, are `unscorable`.
 */
export async function loadVerifier(kind: VerifierKind): Promise<Verifier> {
  const entries: Readonly<Record<string, VerifierEntry>> = verifiers;
  const entry = entries[kind];
  if (entry === undefined) {
    throw new RangeError(`loadVerifier: must be one of ${verifierKinds.join(', ')}, got ${String(kind)}`);
  }
  const verify = await entry.load();
  return (response, reference, options) => {
    const option = options === undefined ? null : optionFault(options, entry.options);
    if (option !== null) return unscorable(option.reason, { feedback: option.message });
    const fault = referenceFault(reference);
    return fault === null ? verify(response, reference, options) : unscorable('bad-reference', { feedback: fault });
  };
}
