import { join } from 'node:path';
import * as huggingFace from '@huggingface/tokenizers';
import { EngineError } from '../errors.js';
import { parseJson, readIfPresent } from '../model/files.js';
import { largestTokenId } from '../model/token-ids.js';
import { DecodeStream } from './decode-stream.js';
import { parseSpecialTokens } from './special-tokens.js';
import type { SpecialTokens } from './special-tokens.js';

/** What is used of `@huggingface/tokenizers`, whose own declarations do not resolve under NodeNext. */
interface LibraryTokenizer {
  /** Entries are undefined where the vocabulary has neither the token nor an unknown token. */
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  /** Throws on an empty list. */
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
}
const { Tokenizer: LibraryTokenizer } = huggingFace as unknown as {
  Tokenizer: new (tokenizer: object, config: object) => LibraryTokenizer;
};

export interface EncodeOptions {
  /** Also add what the tokenizer's post-processor adds (such as `<s>` in front). Default false: chat templates write them. */
  readonly addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** Leave out the tokens marked special (end of turn, padding). Default true. */
  readonly skipSpecialTokens?: boolean;
}

/**
 * Text to token ids and back, as `tokenizer.json` says. Agrees with Python's tokenizers on the byte-level and
 * SentencePiece BPE of the supported families.
 *
 * Does not protect against text that spells a special token: "<|im_end|>" inside a problem becomes that token.
 */
export class Tokenizer {
  /** Largest id + 1; the model's `vocab_size` is at least this. */
  readonly vocabSize: number;
  /** By role, as `tokenizer_config.json` names them. */
  readonly specialTokens: SpecialTokens;
  readonly #inner: LibraryTokenizer;
  readonly #cleanUp: boolean;

  /**
   * @param tokenizerJson The parsed `tokenizer.json`.
   * @param configJson The parsed `tokenizer_config.json`; `{}` where there is none.
   * @param at Named in errors.
   * @throws EngineError `tokenizer-invalid`.
   */
  constructor(tokenizerJson: unknown, configJson: unknown = {}, at = 'tokenizer.json') {
    this.vocabSize = largestTokenId(tokenizerJson, at).id + 1;
    this.specialTokens = parseSpecialTokens(configJson);
    this.#cleanUp = (configJson as { clean_up_tokenization_spaces?: unknown }).clean_up_tokenization_spaces === true;
    try {
      this.#inner = new LibraryTokenizer(adapted(tokenizerJson as object), configJson as object);
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      const fix = 'use the tokenizer.json of a published Llama, Qwen2 or Qwen3 model';
      throw new EngineError('tokenizer-invalid', { at, rule: 'must be a supported tokenizer', got, fix, cause: error });
    }
  }

  /**
   * From the files of a model folder, by name (`ModelFolder.companions`).
   *
   * @throws EngineError `file-missing` without `tokenizer.json`, `tokenizer-invalid`.
   */
  static fromFiles(files: ReadonlyMap<string, Uint8Array>, folder = 'model'): Tokenizer {
    const bytes = files.get('tokenizer.json');
    if (bytes === undefined) {
      const fix = 'save the model with a fast tokenizer, which writes that file';
      throw new EngineError('file-missing', { at: folder, rule: 'must hold tokenizer.json', fix });
    }
    const parsed = (name: string, content: Uint8Array | undefined) =>
      content && parseJson(Buffer.from(content).toString('utf8'), join(folder, name), 'tokenizer-invalid');
    const config = parsed('tokenizer_config.json', files.get('tokenizer_config.json')) ?? {};
    const special = parsed('special_tokens_map.json', files.get('special_tokens_map.json')) ?? {};
    const at = join(folder, 'tokenizer.json');
    return new Tokenizer(parsed('tokenizer.json', bytes), { ...special, ...config }, at);
  }

  /**
   * From a model folder.
   *
   * @throws EngineError `folder-missing`, `file-missing`, `read-failed`, `tokenizer-invalid`.
   */
  static async load(folder: string): Promise<Tokenizer> {
    const files = new Map<string, Uint8Array>();
    for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json']) {
      const bytes = await readIfPresent(join(folder, name));
      if (bytes !== undefined) files.set(name, bytes);
    }
    return Tokenizer.fromFiles(files, folder);
  }

  /** Token ids of a text. Characters that the vocabulary cannot spell become its unknown token, or nothing. */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    const { ids } = this.#inner.encode(text, { add_special_tokens: options.addSpecialTokens ?? false });
    return Int32Array.from(ids.filter((id) => id !== undefined));
  }

  /** Text of token ids. Ids without a token (a model may have more rows than tokens) add nothing. */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    const known = Array.from(ids).filter((id) => this.#inner.id_to_token(id) !== undefined);
    if (known.length === 0) return '';
    return this.#inner.decode(known, {
      skip_special_tokens: options.skipSpecialTokens ?? true,
      clean_up_tokenization_spaces: this.#cleanUp,
    });
  }

  /** Text that grows token by token. */
  decodeStream(options: DecodeOptions = {}): DecodeStream {
    return new DecodeStream((ids) => this.decode(ids, options));
  }

  tokenToId(token: string): number | undefined {
    return this.#inner.token_to_id(token);
  }

  idToToken(id: number): string | undefined {
    return this.#inner.id_to_token(id);
  }

  get eosTokenId(): number | undefined {
    return this.#idOf(this.specialTokens.eos_token);
  }

  get bosTokenId(): number | undefined {
    return this.#idOf(this.specialTokens.bos_token);
  }

  get padTokenId(): number | undefined {
    return this.#idOf(this.specialTokens.pad_token);
  }

  #idOf(token: string | undefined): number | undefined {
    return token === undefined ? undefined : this.tokenToId(token);
  }
}

/** The same tokenizer in terms that the library follows exactly. */
function adapted(json: object): object {
  // It asks for keys that some writers leave out where they mean "none".
  const keys = {
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    added_tokens: [],
    ...json,
  };
  return { ...keys, pre_tokenizer: exactDigits(keys.pre_tokenizer) };
}

/** To the library's `Digits` a digit is 0 to 9 of any script; to the reference also fractions, superscripts and the like. */
function exactDigits(preTokenizer: unknown): unknown {
  if (typeof preTokenizer !== 'object' || preTokenizer === null) return preTokenizer;
  const { type, pretokenizers, individual_digits } = preTokenizer as Readonly<Record<string, unknown>>;
  if (Array.isArray(pretokenizers)) return { ...preTokenizer, pretokenizers: pretokenizers.map(exactDigits) };
  if (type !== 'Digits') return preTokenizer;
  const Regex = individual_digits === true ? '\\p{N}' : '\\p{N}+';
  return { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
}
