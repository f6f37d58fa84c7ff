import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { executedKinds, isExecutedKind, isVerifierKind, verifierKinds } from '@touchstone/verify';
import type { CustomVerifier, VerifierTarget } from '@touchstone/verify/runner';
import { nearest } from '../config/nearest.js';
import { UserError } from '../errors.js';

/** A verifier as a person writes it: a registered kind, or `file.mjs#export` for one of their own. */
export function parseTarget(text: string, directory: string): VerifierTarget {
  if (text.includes('#')) return parseModule(text, directory);
  if (isVerifierKind(text) || isExecutedKind(text)) return text;
  const kinds = [...verifierKinds, ...executedKinds];
  const meant = nearest(text, kinds);
  const hint = meant === undefined ? `one of ${kinds.join(', ')}` : `did you mean ${meant}?`;
  throw new UserError(`verifier: must be a registered kind or file.mjs#export, got ${text}; ${hint}`);
}

/** `file.mjs#export` relative to a directory, or `package#export`. Throws a UserError where there is no such file. */
export function parseModule(text: string, directory: string): CustomVerifier {
  const at = text.lastIndexOf('#');
  const [file, name] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || name === '') {
    throw new UserError(
      `verifier: a module must be written file.mjs#export, got ${text}; name the file and its export`,
    );
  }
  const isPath = file.startsWith('.') || isAbsolute(file) || /\.[cm]?js$/.test(file);
  if (!isPath) return { module: file, export: name };
  const path = resolve(directory, file);
  if (!existsSync(path)) throw new UserError(`verifier: ${path} must be a module, got no such file; check the path`);
  return { module: pathToFileURL(path).href, export: name };
}
