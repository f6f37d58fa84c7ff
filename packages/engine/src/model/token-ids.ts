import { EngineError, shown } from '../errors.js';

/**
 * The largest id in a parsed `tokenizer.json`, of the vocabulary and the added tokens together, and its token.
 *
 * @throws EngineError `tokenizer-invalid`.
 */
export function largestTokenId(json: unknown, file: string): { readonly id: number; readonly token: string } {
  let largest = { id: -1, token: '' };
  for (const [token, id] of tokenIds(json, file)) {
    if (!Number.isSafeInteger(id) || Number(id) < 0) {
      const at = `${file}: ${JSON.stringify(token)}`;
      throw invalid(at, 'must have an id from 0', shown(id));
    }
    if (Number(id) > largest.id) largest = { id: Number(id), token };
  }
  if (largest.id < 0) throw invalid(`${file}: model.vocab`, 'must hold tokens', 'none');
  return largest;
}

function* tokenIds(json: unknown, file: string): Generator<readonly [token: string, id: unknown]> {
  const { model, added_tokens: added } = (json ?? {}) as {
    readonly model?: { readonly vocab?: unknown } | null;
    readonly added_tokens?: unknown;
  };
  const vocab = model?.vocab;
  if (typeof vocab !== 'object' || vocab === null) {
    throw invalid(`${file}: model.vocab`, 'must be an object or a list', shown(vocab));
  }
  if (Array.isArray(vocab)) {
    // Unigram: pieces with scores; the position is the id.
    for (const [id, piece] of vocab.entries()) yield [String(Array.isArray(piece) ? piece[0] : piece), id];
  } else {
    yield* Object.entries(vocab);
  }
  for (const token of Array.isArray(added) ? (added as unknown[]) : []) {
    const { content, id } = (token ?? {}) as { readonly content?: unknown; readonly id?: unknown };
    yield [String(content), id];
  }
}

function invalid(at: string, rule: string, got: string): EngineError {
  return new EngineError('tokenizer-invalid', { at, rule, got, fix: 'restore the file' });
}
