/** What tokens decode to while a character is still incomplete. */
const REPLACEMENT = '\ufffd';

/** After so many tokens without a complete character the bytes are invalid, and waiting longer would only cost time. */
const MAX_PENDING = 64;

/**
 * Decodes tokens as they come. The pieces that `push` and `flush` return join to the text of all tokens at once; a
 * character split over tokens is returned when its last token arrives.
 */
export class DecodeStream {
  readonly #decode: (ids: readonly number[]) => string;
  /** The tokens of the last complete piece: decoders look at their neighbour, such as for the first space. */
  #context: number[] = [];
  #pending: number[] = [];
  /** Characters of `decode(context + pending)` that were returned already. */
  #returned = 0;

  constructor(decode: (ids: readonly number[]) => string) {
    this.#decode = decode;
  }

  /** The text that became certain with this token; often empty. */
  push(id: number): string {
    this.#pending.push(id);
    const text = this.#decode([...this.#context, ...this.#pending]);
    const cut = text.endsWith(REPLACEMENT) && this.#pending.length < MAX_PENDING;
    const certain = cut ? text.replace(/\ufffd+$/, '') : text;
    const piece = certain.slice(this.#returned);
    this.#returned = Math.max(this.#returned, certain.length);
    if (!cut) this.#settle();
    return piece;
  }

  /** The rest at the end of the tokens: an incomplete character becomes U+FFFD. */
  flush(): string {
    const rest = this.#decode([...this.#context, ...this.#pending]).slice(this.#returned);
    this.#settle();
    return rest;
  }

  #settle(): void {
    let text = this.#decode(this.#pending);
    if (text.length > 0 || this.#context.length >= MAX_PENDING) {
      this.#context = this.#pending;
    } else {
      // A lone space can decode to nothing at the start of a text; the next token needs to see it all the same.
      this.#context = [...this.#context, ...this.#pending];
      text = this.#decode(this.#context);
    }
    this.#returned = text.length;
    this.#pending = [];
  }
}
