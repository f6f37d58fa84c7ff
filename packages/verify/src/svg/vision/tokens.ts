import { VisionModelError } from './error.js';

/** What is used of `@huggingface/tokenizers`, whose own declarations do not resolve under NodeNext. */
export interface LibraryTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  token_to_id(token: string): number | undefined;
}
export type TokenizerClass = new (tokenizer: object, config: object) => LibraryTokenizer;

type Json = Readonly<Record<string, unknown>>;

/** A text as a model takes it: `length` ids, those of the padding masked by 0. */
export interface TokenRow {
  readonly ids: readonly number[];
  readonly mask: readonly number[];
}

/** Makes texts into rows of one length, as the tokenizer of a folder and transformers' `padding="max_length"` do. */
export class TextRows {
  private readonly tokenizer: LibraryTokenizer;
  private readonly pad: number;
  private readonly lowerCase: boolean;

  /** Throws a `VisionModelError` for a tokenizer that is not understood or names no padding. */
  constructor(
    Tokenizer: TokenizerClass,
    tokenizer: Json,
    config: Json,
    private readonly length: number,
  ) {
    const keys = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
    try {
      this.tokenizer = new Tokenizer({ ...keys, ...tokenizer }, config);
    } catch (error) {
      const got = error instanceof Error ? error.message : String(error);
      throw new VisionModelError(
        `openVisionModel: tokenizer.json must be a tokenizer of Hugging Face, got ${got}; take the file of the published model`,
      );
    }
    this.pad = this.padOf(tokenizer, config);
    this.lowerCase = config['do_lower_case'] === true;
  }

  private padOf(tokenizer: Json, config: Json): number {
    const named = config['pad_token'];
    const token = typeof named === 'object' && named !== null ? (named as Json)['content'] : named;
    const own = (tokenizer['padding'] as Json | null | undefined)?.['pad_id'];
    const id = typeof token === 'string' ? this.tokenizer.token_to_id(token) : own;
    if (typeof id === 'number') return id;
    throw new VisionModelError(
      `openVisionModel: pad_token of tokenizer_config.json must be a token of tokenizer.json, got ${JSON.stringify(token) ?? 'none'}; take both files of the published model`,
    );
  }

  /** Ids of a text; what is too long is cut, and what the tokenizer puts around a text stays around it. */
  row(text: string): TokenRow {
    const written = this.lowerCase ? text.toLowerCase() : text;
    const whole = this.ids(written, true);
    const ids = whole.length <= this.length ? whole : this.cut(written, whole);
    const padding = this.length - ids.length;
    return {
      ids: [...ids, ...Array<number>(padding).fill(this.pad)],
      mask: [...ids.map(() => 1), ...Array<number>(padding).fill(0)],
    };
  }

  private cut(text: string, whole: readonly number[]): number[] {
    const bare = this.ids(text, false);
    const around = whole.length - bare.length;
    const start = Array.from({ length: around + 1 }, (_, at) => at).find((at) =>
      bare.every((id, index) => whole[at + index] === id),
    );
    if (start === undefined) return whole.slice(0, this.length);
    const kept = Math.max(0, this.length - around);
    return [...whole.slice(0, start), ...bare.slice(0, kept), ...whole.slice(start + bare.length)].slice(
      0,
      this.length,
    );
  }

  private ids(text: string, special: boolean): number[] {
    const { ids } = this.tokenizer.encode(text, { add_special_tokens: special });
    return ids.filter((id) => id !== undefined);
  }
}
