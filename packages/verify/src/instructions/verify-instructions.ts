/**
 * @file Did a response follow its instructions? All instruction types of IFEval (arXiv 2311.07911, also those left out
 * of its prompts) and IFBench (arXiv 2507.02833). What they do not protect against: a text that follows the letter of an
 * instruction and answers nothing, which only a judge or a second verifier can see.
 */
import { correct, incorrect, partial, unscorable, type Verdict } from '../verdict.js';
import { ifbenchCount, ifbenchRatio } from './ifbench-count.js';
import { ifbenchCustom } from './ifbench-custom.js';
import { ifbenchFormat } from './ifbench-format.js';
import { ifbenchRepeat, ifbenchSentences } from './ifbench-sentences.js';
import { ifbenchWords } from './ifbench-words.js';
import { ifevalContent } from './ifeval-content.js';
import { ifevalFormat } from './ifeval-format.js';
import type { Instruction, InstructionCheck } from './instruction.js';

/** Every instruction type by its identifier in the data sets. */
export const instructions = {
  ...ifevalContent,
  ...ifevalFormat,
  ...ifbenchCount,
  ...ifbenchRatio,
  ...ifbenchWords,
  ...ifbenchSentences,
  ...ifbenchRepeat,
  ...ifbenchFormat,
  ...ifbenchCustom,
} as const satisfies Record<string, Instruction>;

export type InstructionId = keyof typeof instructions;

/** True for the identifier of an instruction type that can be checked. */
export function isInstructionId(id: string): id is InstructionId {
  return Object.hasOwn(instructions, id);
}

/** One instruction as data sets carry it; arguments that its type does not use are ignored. */
export interface InstructionCall {
  readonly id: string;
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

/** Longer responses are judged wrong unread: every check is linear, this bounds it. About 16,000 tokens. */
export const longestResponse = 65_536;

/**
 * `strict` judges the response as it is. `loose` accepts it when any of eight versions passes: without its first line,
 * its last line, or both, and each of these and the whole also without asterisks.
 */
export type InstructionMode = 'strict' | 'loose';

function looseVersions(response: string): string[] {
  const lines = response.split('\n');
  const versions = [
    response,
    lines.slice(1).join('\n').trim(),
    lines.slice(0, -1).join('\n').trim(),
    lines.slice(1, -1).join('\n').trim(),
  ];
  return [...new Set(versions.flatMap((version) => [version, version.replaceAll('*', '')]))];
}

type CallCheck = InstructionCheck | { readonly kind: 'unknown-instruction' };

function checkCall(versions: readonly string[], call: InstructionCall): CallCheck {
  if (!isInstructionId(call.id)) return { kind: 'unknown-instruction' };
  const checker: Instruction = instructions[call.id];
  for (const version of versions) {
    const checked = checker.check(version, call.kwargs ?? {});
    // An empty answer follows nothing, whatever the check says of it.
    if (checked.kind === 'bad-argument' || (checked.kind === 'followed' && version.trim() !== '')) return checked;
  }
  return { kind: 'not-followed' };
}

/**
 * Judges a response against all of its instructions. The score is the share that was followed; the outcome is `correct`
 * only when all were. `parts` has 1 or 0 for each instruction (`id`, or `id#2` where a type repeats). A task with an
 * unknown instruction or unreadable arguments is `unscorable`, with the reason in `feedback`.
 */
export function verifyInstructions(
  response: string,
  calls: readonly InstructionCall[],
  options: { readonly mode?: InstructionMode } = {},
): Verdict {
  if (response.length > longestResponse) {
    return incorrect('too-long', { feedback: `the response has more than ${longestResponse} characters` });
  }
  const versions = options.mode === 'loose' ? looseVersions(response) : [response];
  const parts: Record<string, number> = {};
  const broken: string[] = [];
  for (const call of calls) {
    const result = checkCall(versions, call);
    if (result.kind === 'unknown-instruction') {
      return unscorable('unknown-instruction', { feedback: `no instruction type is called ${call.id}` });
    }
    if (result.kind === 'bad-argument') {
      return unscorable('bad-argument', { feedback: `${call.id} needs the argument ${result.argument}` });
    }
    let name = call.id;
    for (let copy = 2; name in parts; copy++) name = `${call.id}#${copy}`;
    parts[name] = result.kind === 'followed' ? 1 : 0;
    if (result.kind === 'not-followed') broken.push(name);
  }
  if (calls.length === 0) return unscorable('no-instructions', { feedback: 'the task has no instructions' });
  if (broken.length === 0) return correct('followed', { parts });
  return partial((calls.length - broken.length) / calls.length, 'not-followed', {
    parts,
    feedback: `not followed: ${broken.join(', ')}`,
  });
}

function readCall(value: unknown): InstructionCall | null {
  if (typeof value !== 'object' || value === null) return null;
  const { id, instruction_id, kwargs } = value as Readonly<Record<string, unknown>>;
  const name = instruction_id ?? id;
  if (typeof name !== 'string' || (kwargs !== undefined && (typeof kwargs !== 'object' || kwargs === null)))
    return null;
  return { id: name, kwargs: (kwargs ?? {}) as Readonly<Record<string, unknown>> };
}

/**
 * The same over a reference as data sets store it: one `{ id, kwargs }` (or `{ instruction_id, kwargs }`) or a list of
 * them. `options.mode` is `strict` (default) or `loose`. Any other reference is `unscorable`.
 */
export function verifyInstructionReference(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
): Verdict {
  const calls = (Array.isArray(reference) ? reference : [reference]).map(readCall);
  if (!calls.every((call) => call !== null)) {
    return unscorable('bad-reference', { feedback: 'the reference must be { id, kwargs } or a list of them' });
  }
  return verifyInstructions(response, calls, { mode: options['mode'] === 'loose' ? 'loose' : 'strict' });
}
