import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { UserError } from '../errors.js';

/** An option's text as a whole number in [min, max]. Throws a UserError that names the option. */
export function wholeNumber(option: string, text: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const rule = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new UserError(`touchstone: ${option} must be a whole number ${rule}, got ${JSON.stringify(text)}; mend it`);
}

/** An option's text as a number of at least `min`. Throws a UserError that names the option. */
export function atLeast(option: string, text: string, min: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= min) return value;
  throw new UserError(
    `touchstone: ${option} must be a number of at least ${min}, got ${JSON.stringify(text)}; mend it`,
  );
}

/** An option's text as JSON where it is an object, otherwise as it stands: a name. */
export function nameOrObject(option: string, text: string): unknown {
  if (!text.trimStart().startsWith('{')) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UserError(
      `touchstone: ${option} must be a name or a JSON object, got text that is neither (${(error as Error).message}); mend it`,
    );
  }
}

/**
 * Refuses options that a command would pass over, so that nobody believes in them.
 *
 * @param given Flags with their values; undefined where they are not given.
 * @param rule When they have an effect, such as "only with --file".
 */
export function refuseIdle(given: Readonly<Record<string, unknown>>, rule: string): void {
  const [flag] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (flag !== undefined)
    throw new UserError(`touchstone: ${flag} has an effect ${rule}, got it otherwise; leave it out`);
}

/**
 * Finds out before long work whether its result can be written to a file; what the file holds stays. Throws a UserError
 * that names the option.
 */
export async function checkOutput(option: string, file: string): Promise<void> {
  try {
    await (await open(file, 'a')).close();
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new UserError(
      `touchstone: ${option} must be a file that can be written, got ${code} at ${file}; choose another`,
    );
  }
}

/** Threads of the local engine where nobody says otherwise: the cores, at most 8. */
export function defaultThreads(): number {
  return Math.min(8, availableParallelism());
}
