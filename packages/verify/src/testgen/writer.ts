/**
 * Test inputs written by a language model, after SAGA (arXiv 2507.06920, section 4 and appendix D; parsing as in the
 * official `demos/parse.py`): the model writes a program of generators and a validator, guided by correct solutions
 * (multidimensional analysis) or by a wrong submission and its fix (differential analysis). The program is as untrusted
 * as any other: it runs in a sandbox, and what fails there drops one input, never the run.
 */
import { itemsOf } from '../python/values.js';
import type { Sandbox } from '../sandbox/program.js';

/** Completes a prompt; the caller brings the model. */
export type Complete = (prompt: string, signal?: AbortSignal) => Promise<string>;

/** A rejected submission and what its author sent next. */
export interface FixedSubmission {
  readonly wrong: string;
  readonly correct: string;
}

export interface WriterRequest {
  readonly statement: string;
  /** Correct programs for the multidimensional prompt; the paper uses up to 10. */
  readonly solutions: readonly string[];
  /** One differential prompt for each. */
  readonly fixed?: readonly FixedSubmission[];
  readonly complete: Complete;
  readonly sandbox: Sandbox;
  /** Milliseconds for each call of a generator or the validator; default 8000, as in the official code. */
  readonly callMs?: number;
  readonly signal?: AbortSignal;
}

export interface WrittenInputs {
  /** Standard inputs of tests, without repetitions, in the order written. */
  readonly inputs: readonly string[];
  /**
   * Why generators gave nothing. A large `refused` means that the validator, also written by the model, is too strict:
   * it deletes the interesting inputs silently elsewhere.
   */
  readonly dropped: {
    /** Completions without a program, a validator or a generator, or whose program does not load. */
    readonly unusable: number;
    /** Generators that raised, ran too long or gave no text; validators that raised or ran too long. */
    readonly failed: number;
    /** Inputs that the validator refused. */
    readonly refused: number;
    readonly repeated: number;
  };
}

const SOLUTIONS = 10;

const FORMAT = `Write one Python program in a single fenced block that starts with \`\`\`python. It holds:
1. CONSTRAINTS, a dictionary from a short name to each rule you found.
2. validate_all_inputs(text), which reads one complete input and returns True, or (False, message) naming the broken rule.
3. gen_TC1(), gen_TC2(), ... without parameters, each returning one complete input as text and a dictionary that says
   which rule or mistake it aims at. Build large inputs by code, with a fixed random seed.
Only the standard library may be imported. Do not print anything.`;

/** The prompt of the multidimensional analysis: constraints, defences of the solutions, targeted tests. */
export function multidimensionalPrompt(statement: string, solutions: readonly string[]): string {
  const shown = solutions.slice(0, SOLUTIONS).map((solution, i) => `Solution ${i + 1}:\n${fenced(solution)}`);
  return [
    'You write test inputs that expose wrong programs for the problem below. Correct programs are given to learn from.',
    `Problem:\n${statement}`,
    ...shown,
    `Work in three phases. First list the constraints: those stated, those that the mathematics implies, and those of
engineering such as overflow, recursion depth and running time. Then say what special cases each solution guards
against. Then design inputs: both sides of every comparison, special values (zero, negative, extreme, equal, empty where
allowed), one input whose size is a parameter, and at least two inputs for every constraint.`,
    FORMAT,
  ].join('\n\n');
}

/** The prompt of the differential analysis: on what do a wrong submission and its fix differ? */
export function differentialPrompt(statement: string, { wrong, correct }: FixedSubmission): string {
  return [
    'You write test inputs on which a wrong program gives a wrong result. Its corrected version is given too.',
    `Problem:\n${statement}`,
    `Wrong program:\n${fenced(wrong)}`,
    `Corrected program:\n${fenced(correct)}`,
    `First say which constraints the corrected program respects and the wrong one breaks, and what defence was missing.
Then design inputs on which the two give different results, from the smallest that shows it to large ones.`,
    FORMAT,
  ].join('\n\n');
}

/** Python between the first opening python fence and the last fence; null where there is none. */
export function generatorProgram(completion: string): string | null {
  const open = /^[ \t]*```(?:python|py)[^\n]*\n/im.exec(completion);
  if (open === null) return null;
  const start = open.index + open[0].length;
  const close = completion.lastIndexOf('```');
  const program = completion.slice(start, close > start ? close : completion.length);
  return program.trim() === '' ? null : program;
}

/** Names of the generators that a program defines, by their number. */
export function generatorNames(program: string): string[] {
  const numbers = [...program.matchAll(/^def[ \t]+gen_TC(\d{1,6})[ \t]*\(/gm)].map(([, digits]) => Number(digits));
  return [...new Set(numbers)].sort((a, b) => a - b).map((number) => `gen_TC${number}`);
}

/** Asks for inputs, runs what was written and keeps what its own validator accepts. Rejects only when `complete` does. */
export async function writeInputs(request: WriterRequest): Promise<WrittenInputs> {
  const prompts = [
    multidimensionalPrompt(request.statement, request.solutions),
    ...(request.fixed ?? []).map((pair) => differentialPrompt(request.statement, pair)),
  ];
  const dropped = { unusable: 0, failed: 0, refused: 0, repeated: 0 };
  const inputs = new Set<string>();
  for (const prompt of prompts) {
    const program = generatorProgram(await request.complete(prompt, request.signal));
    const names = program === null ? [] : generatorNames(program);
    if (program === null || names.length === 0 || !/^def[ \t]+validate_all_inputs\b/m.test(program)) {
      dropped.unusable++;
      continue;
    }
    for (const name of names) {
      const made = await runGenerator(program, name, request);
      if ('dropped' in made) dropped[made.dropped]++;
      else if (inputs.has(made.input)) dropped.repeated++;
      else inputs.add(made.input);
    }
  }
  return { inputs: [...inputs], dropped };
}

type Made = { readonly input: string } | { readonly dropped: 'failed' | 'refused' };

async function runGenerator(program: string, name: string, request: WriterRequest): Promise<Made> {
  const generated = await call(program, name, [], request);
  const input = firstOf(generated);
  if (typeof input !== 'string') return { dropped: 'failed' };
  const judged = firstOf(await call(program, 'validate_all_inputs', [input], request));
  if (judged === true) return { input };
  return { dropped: judged === false ? 'refused' : 'failed' };
}

/** The result of a call; undefined when it did not return in time. */
async function call(
  program: string,
  name: string,
  args: readonly unknown[],
  { sandbox, callMs = 8000, signal }: WriterRequest,
): Promise<unknown> {
  const result = await sandbox.run(
    { language: 'python', files: { 'main.py': program }, call: { function: name, args }, limits: { wallMs: callMs } },
    signal,
  );
  return result.outcome === 'ok' ? result.value : undefined;
}

/** Generators and validators may return a pair, a tuple or a list, whose first member is what counts. */
function firstOf(value: unknown): unknown {
  const items = itemsOf(value);
  return items?.kind === 'tuple' || items?.kind === 'list' ? items.items[0] : value;
}

function fenced(program: string): string {
  return `\`\`\`\n${program.trimEnd()}\n\`\`\``;
}
