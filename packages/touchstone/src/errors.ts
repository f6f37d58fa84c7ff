import { stripVTControlCharacters } from 'node:util';

/**
 * The one family of errors that reach a person. Each message is a single line that names the file or key, the rule,
 * what was got and what to do. The command line prints it without a stack trace and exits with `exitCode`.
 *
 * To add one: throw `new UserError(...)` where the fault is found. Anything else that reaches the command line counts
 * as a defect of Touchstone and is reported as such.
 */
export class TouchstoneError extends Error {
  readonly exitCode: number = 1;
}

/** Wrong input: a file, a key, a value, a full disk. Exit code 2. */
export class UserError extends TouchstoneError {
  override readonly name: string = 'UserError';
  override readonly exitCode = 2;
}

/** A run that had to stop although its input was well formed, such as a loss that is not finite. Exit code 1. */
export class RunStopped extends TouchstoneError {
  override readonly name: string = 'RunStopped';
  override readonly exitCode = 1;
}

/** The person asked the run to stop; everything is saved. Exit code 130, as shells expect after Ctrl-C. */
export class Interrupted extends TouchstoneError {
  override readonly name: string = 'Interrupted';
  override readonly exitCode = 130;
}

/**
 * The exit code and the line to print when `error` is meant for people, otherwise undefined. Ground-floor
 * packages cannot use these classes: theirs are recognised by name (`EngineError`, `UserError`,
 * `MissingPackageError`), a full disk by its system code.
 */
export function describeForPeople(error: unknown): { readonly line: string; readonly exitCode: number } | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof TouchstoneError) return { line: oneLine(error.message), exitCode: error.exitCode };
  // An invalid argument to the engine is a call of ours that breaks its rules; all else is about files and the hub.
  const { code } = error as NodeJS.ErrnoException;
  const ofEngine = error.name === 'EngineError' && code !== 'invalid-argument';
  if (ofEngine || error.name === 'UserError' || error.name === 'MissingPackageError')
    return { line: oneLine(error.message), exitCode: 2 };
  const disk = diskError(error);
  return disk === undefined ? undefined : { line: disk, exitCode: 2 };
}

function diskError(error: NodeJS.ErrnoException): string | undefined {
  const code = error.code ?? /\b(ENOSPC|EDQUOT|EROFS|EACCES)\b/.exec(error.message)?.[0];
  const place = error.path === undefined ? 'the run folder' : error.path;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `disk: writing ${place} needs free space, got a full disk (${code}); free some and start again with --resume`;
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return `disk: ${place} must be accessible, got ${code}; change its permissions or choose another folder`;
    case 'EISDIR':
      return `disk: ${place} must be a file, got a folder (${code}); choose another name`;
    case 'EEXIST':
    case 'ENOTDIR':
      return `disk: ${place} must be a folder, or in one, got a file (${code}); choose another name`;
    default:
      return undefined;
  }
}

/** Without what could move the cursor of a terminal: messages quote files. */
function oneLine(message: string): string {
  return stripVTControlCharacters(message)
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
}
