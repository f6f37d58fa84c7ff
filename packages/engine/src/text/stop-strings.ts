import type { DecodeStream } from './decode-stream.js';

/** Watches a growing completion for the first of several stop strings. */
export class StopStringWatcher {
  readonly #stream: DecodeStream;
  readonly #stops: readonly string[];
  readonly #keep: number;
  #tail = '';

  /** @param stops Empty strings are ignored: every text would contain them. */
  constructor(stream: DecodeStream, stops: readonly string[]) {
    this.#stream = stream;
    this.#stops = stops.filter((stop) => stop.length > 0);
    this.#keep = Math.max(1, ...this.#stops.map((stop) => stop.length)) - 1;
  }

  /** Whether the text up to and including this token contains a stop string. */
  push(id: number): boolean {
    const text = this.#tail + this.#stream.push(id);
    this.#tail = this.#keep === 0 ? '' : text.slice(-this.#keep);
    return this.#stops.some((stop) => text.includes(stop));
  }
}
