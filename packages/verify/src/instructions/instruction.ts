/**
 * @file What an instruction is: typed arguments read from untrusted JSON, and a pure check of a response.
 * A check is linear in the response's length, never throws on it, and knows nothing of the prompt beyond its arguments.
 */

/** Reads one argument; undefined when the value does not have the type that the instruction needs. */
export type ArgumentReader<T> = (value: unknown) => T | undefined;

type Readers = Readonly<Record<string, ArgumentReader<unknown>>>;
type Arguments<R extends Readers> = { readonly [Name in keyof R]: R[Name] extends ArgumentReader<infer T> ? T : never };

/** What came of checking one instruction: whether it was followed, or which argument could not be read. */
export type InstructionCheck =
  | { readonly kind: 'followed' }
  | { readonly kind: 'not-followed' }
  | { readonly kind: 'bad-argument'; readonly argument: string };

/** An instruction type: the names of its arguments, and its check over untyped arguments as they stand in data sets. */
export interface Instruction {
  readonly argumentNames: readonly string[];
  check(response: string, kwargs: Readonly<Record<string, unknown>>): InstructionCheck;
}

/** Builds an instruction from argument readers and a predicate over the response and the arguments they yield. */
export function instruction<const R extends Readers>(
  readers: R,
  follows: (response: string, args: Arguments<R>) => boolean,
): Instruction {
  const argumentNames = Object.keys(readers);
  return {
    argumentNames,
    check(response, kwargs) {
      const args: Record<string, unknown> = {};
      for (const [name, read] of Object.entries(readers)) {
        const value = read(kwargs[name]);
        if (value === undefined) return { kind: 'bad-argument', argument: name };
        args[name] = value;
      }
      return { kind: follows(response, args as Arguments<R>) ? 'followed' : 'not-followed' };
    },
  };
}

/** Builds an instruction without arguments. */
export function plainInstruction(follows: (response: string) => boolean): Instruction {
  return instruction({}, (response) => follows(response));
}

/** A finite number; data sets write counts as `2` and as `2.0`. */
export const number: ArgumentReader<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** A string that is not empty. */
export const text: ArgumentReader<string> = (value) => (typeof value === 'string' && value !== '' ? value : undefined);

/** A list of strings, not empty. */
export const texts: ArgumentReader<readonly string[]> = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'string') ? value : undefined;

/** How a count is compared with its threshold. */
export type Relation = 'less than' | 'at least';

/** One of the two relations of IFEval. */
export const relation: ArgumentReader<Relation> = (value) =>
  value === 'less than' || value === 'at least' ? value : undefined;

/** Applies a relation. */
export function holds(count: number, comparison: Relation, threshold: number): boolean {
  return comparison === 'less than' ? count < threshold : count >= threshold;
}
