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

/** Threads of the local engine where nobody says otherwise: the cores, at most 8. */
export function defaultThreads(): number {
  return Math.min(8, availableParallelism());
}
