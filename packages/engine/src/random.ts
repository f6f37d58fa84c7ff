/**
 * A seeded stream of random numbers (xoshiro128**, Blackman and Vigna 2018), seeded through splitmix32. Equal seeds
 * give equal streams on every machine. Not for secrets.
 */
export class RandomStream {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  #spare: number | undefined;

  /** @param seed Any integer; `stream` separates streams of one seed by name. */
  constructor(seed: number, stream = '') {
    let mixed = 0;
    for (const word of [seed, Math.floor(seed / 2 ** 32), ...Buffer.from(stream, 'utf8')])
      mixed = scramble(mixed, word | 0);
    [this.#a, this.#b, this.#c] = [scramble(mixed, 1), scramble(mixed, 2), scramble(mixed, 3)];
    // Never all zero, the one state that the generator cannot leave.
    this.#d = scramble(mixed, 4) | 1;
  }

  /** Uniform integer in [0, 2^32). */
  bits(): number {
    const b = this.#b;
    const c = this.#c ^ this.#a;
    const d = this.#d ^ b;
    this.#b = b ^ c;
    this.#a ^= d;
    this.#c = c ^ (b << 9);
    this.#d = rotateLeft(d, 11);
    return Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
  }

  /** Uniform in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 2 ** 26 + low) * 2 ** -53;
  }

  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/** Takes one more word into a 32-bit state so that every bit of both reaches every bit of the result (splitmix32). */
function scramble(state: number, word: number): number {
  let mixed = (Math.imul(state, 5) ^ word) + 0x9e3779b9;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
