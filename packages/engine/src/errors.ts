/**
 * What a caller can do wrong with the engine, or the disk and the network with the caller. Everything this package
 * throws on purpose is an `EngineError`; anything else that escapes is a bug of ours.
 *
 * To add one: add a code to `ERROR_CODES` with the sentence that says when it is raised, and throw
 * `new EngineError('the-code', { at, rule, got, fix })`. Callers branch on `code`; the words may change.
 */
export const ERROR_CODES = {
  'invalid-argument': 'A value passed to a function breaks its documented rule.',
  'folder-missing': 'A model folder does not exist or is not a folder.',
  'file-missing': 'A model folder lacks a file that the operation needs.',
  'read-failed': 'The operating system refused to read a file.',
  'write-failed': 'The operating system refused to write a file (disk full, read-only, no permission).',
  'config-invalid': 'config.json or generation_config.json is malformed, or its values contradict each other.',
  'config-unsupported': 'config.json describes an architecture that the engine does not compute.',
  'weights-corrupt': 'A safetensors file is truncated, or its header does not describe its bytes.',
  'weights-mismatch': 'The tensors of a model folder are not those that its config.json asks for.',
  'tokenizer-invalid': 'tokenizer.json or tokenizer_config.json is malformed or of an unknown kind.',
  'tokenizer-mismatch': 'The tokenizer has token ids that the vocabulary of the model lacks.',
  'chat-template-missing': 'The model folder has no chat template.',
  'chat-template-failed': 'The chat template is malformed, or refuses these messages.',
  'hub-not-found': 'The hub has no such model or revision.',
  'hub-denied': 'The hub wants an access token, or the token has no access to the model.',
  'hub-unreachable': 'The hub cannot be reached.',
  'hub-failed': 'The hub answered with something unexpected.',
  'server-unreachable': 'A training server cannot be reached, or has not answered for too long.',
  'server-denied': 'A training server wants an API key, or the key may not do this.',
  'server-refused': 'A training server refuses a request as wrong.',
  'server-failed': 'A training server failed at a request, or answered with something unexpected.',
  'server-limited': 'A training server cannot give what was asked for.',
} as const;

export type EngineErrorCode = keyof typeof ERROR_CODES;

/** The parts of a message; joined they read "at: rule, got value; fix". */
export interface EngineErrorParts {
  /** The function, or the file and key, where the rule is broken. */
  readonly at: string;
  /** The rule, as "x must be ..." with what was expected. */
  readonly rule: string;
  /** What was there instead. Absent where the rule already says it ("has no config.json"). */
  readonly got?: string;
  /** What to do about it, as an imperative. */
  readonly fix: string;
  /** The error underneath, if there was one. */
  readonly cause?: unknown;
}

export class EngineError extends Error {
  readonly code: EngineErrorCode;
  readonly parts: EngineErrorParts;

  constructor(code: EngineErrorCode, parts: EngineErrorParts) {
    const got = parts.got === undefined ? '' : `, got ${parts.got}`;
    const message = `${parts.at}: ${parts.rule}${got}; ${parts.fix}`.replace(/\s*[\r\n]+\s*/g, ' ');
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'EngineError';
    this.code = code;
    this.parts = parts;
  }
}

/** A value of unknown origin as a short piece of an error message. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return typeof value;
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** The operating system's code of an error ("ENOENT"), or an empty string. */
export function systemCode(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
