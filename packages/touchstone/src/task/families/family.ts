import type { z } from 'zod';
import type { Random } from '../../random.js';
import type { Json } from '../task.js';

/** What is wrong with a line or an answer: `code` for programs and counts, `words` for people. */
export interface Fault {
  readonly code: string;
  readonly words: string;
}

/** A line of working and what its author believes after it. */
export interface Line<State> {
  readonly text: string;
  readonly state: State;
}

export type Level = 'easy' | 'middling' | 'hard';

/**
 * A family of problems with working. The working is a walk: from `begin` an author writes lines with `next` until there
 * is nothing left to do, then concludes. The same walk solves, judges, errs and continues from any right prefix, so a
 * family states its rules once. States are plain immutable values. Functions are pure; all draws come from `random`.
 *
 * `Problem` is JSON. Every text is printable ASCII without line breaks; `next` lines never contain `####`.
 */
export interface Family<Knobs extends object, Problem extends Json, State> {
  readonly name: string;
  /** One sentence: what is asked and how the working goes. */
  readonly about: string;
  /** Validates the difficulty knobs; each has a default, its middling value, and a description. */
  readonly knobs: z.ZodType<Knobs>;
  readonly levels: Readonly<Record<Level, Knobs>>;
  generate(random: Random, knobs: Knobs): Problem;
  /** The question, without a line break at its end. */
  prompt(problem: Problem): string;
  /** Begins with the family's name; equal for problems that are one in two spellings (a+b and b+a). Decides the split. */
  key(problem: Problem): string;
  begin(problem: Problem): State;
  /** The line a careful author would write next; null when the working is complete. */
  next(problem: Problem, state: State): Line<State> | null;
  /** The answer that the author's working leads to. */
  conclude(problem: Problem, state: State): string;
  /** A plausible slip where `next` has a line: a wrong line, and the belief it leaves its author with. */
  slip(problem: Problem, state: State, random: Random): Line<State>;
  /** A plausible answer for someone who guesses. May be right by luck. */
  guess(problem: Problem, random: Random): string;
  /** Judges a line written in a state that only right lines led to. */
  accept(problem: Problem, state: State, line: string): State | Fault;
  /** Judges an answer, whatever the working; null when right. */
  judgeAnswer(problem: Problem, answer: string): Fault | null;
}

/** A line or answer that fails. */
export function fault(code: string, words: string): Fault {
  return { code, words };
}

export function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'code' in value && 'words' in value;
}
