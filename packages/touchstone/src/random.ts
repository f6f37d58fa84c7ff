/**
 * Seeded random numbers for everything above the engine: tasks, corpora, sampling seeds, shuffles. A draw is a function
 * of its seed only; whoever needs an independent stream derives a seed for it from names and numbers with `deriveSeed`,
 * so that nothing depends on the order in which streams are used. Not for secrets.
 */

const TWO_32 = 4294967296;

/** Mixes all bits of a 32-bit word (finaliser of MurmurHash3, Appleby, public domain). */
function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A hash of a text as an integer in [0, 2^53): the same on every machine and in every version, so that it may decide
 * what is train and what is test. Two 32-bit lanes over UTF-16 units; not cryptographic.
 */
export function hashText(text: string): number {
  let low = 0x9e3779b9;
  let high = 0x243f6a88;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    low ^= low >>> 15;
    high = Math.imul(high ^ unit, 0x5bd1e995);
    high ^= high >>> 13;
  }
  low = mix(low ^ text.length ^ high);
  high = mix(high + low);
  return (high >>> 11) * TWO_32 + low;
}

/**
 * An independent seed in [0, 2^53) for each list of parts: `deriveSeed(seed, 'test', 7)`. The number 1 and the text '1'
 * are different parts, and so are ['ab', 'c'] and ['a', 'bc'].
 */
export function deriveSeed(...parts: readonly (string | number)[]): number {
  return hashText(JSON.stringify(parts));
}

/** A stream of random numbers: xoshiro128** 1.1 (Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c). */
export class Random {
  private readonly state: Uint32Array;

  /** `seed`: an integer in [0, 2^53), as `deriveSeed` gives. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`Random: seed must be an integer in [0, 2^53), got ${seed}; derive one with deriveSeed`);
    }
    const low = seed >>> 0;
    const high = Math.floor(seed / TWO_32);
    // Four different words of both halves; the odd constant keeps seed 0 away from the all-zero state.
    this.state = Uint32Array.from([1, 2, 3, 4], (i) => mix(low ^ mix(high + Math.imul(i, 0x9e3779b9))));
    if (this.state.every((word) => word === 0)) this.state[0] = 1;
  }

  /** A stream that starts at the given four words, not all zero: for comparing with the published generator. */
  static fromState(words: readonly [number, number, number, number]): Random {
    const random = new Random(0);
    random.state.set(words);
    return random;
  }

  /** Uniform over the integers [0, 2^32). */
  uint32(): number {
    const s = this.state as unknown as [number, number, number, number];
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Uniform over [0, 1) with 53 bits. */
  float(): number {
    return ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
  }

  /** A seed for another stream, uniform over the integers [0, 2^53). */
  seed(): number {
    return (this.uint32() >>> 11) * TWO_32 + this.uint32();
  }

  /** Uniform over the integers from `low` to `high`, both included; at most 2^32 of them. */
  integer(low: number, high: number): number {
    const span = high - low + 1;
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || span < 1 || span > TWO_32) {
      throw new RangeError(`Random.integer: needs integers low <= high less than 2^32 apart, got ${low} and ${high}`);
    }
    // Rejection keeps every integer equally likely.
    const limit = TWO_32 - (TWO_32 % span);
    for (;;) {
      const word = this.uint32();
      if (word < limit) return low + (word % span);
    }
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** One of the items, each equally likely. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('Random.pick: needs at least one item, got none');
    return items[this.integer(0, items.length - 1)] as T;
  }

  /** The index of a weight, drawn with probability proportional to it. Weights are >= 0 and not all 0. */
  weighted(weights: readonly number[]): number {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (!(total > 0 && Number.isFinite(total)) || weights.some((weight) => weight < 0)) {
      throw new RangeError(`Random.weighted: needs weights >= 0 with a positive sum, got [${weights.join(', ')}]`);
    }
    let left = this.float() * total;
    let last = 0;
    for (const [index, weight] of weights.entries()) {
      if (weight > 0) last = index;
      left -= weight;
      if (left < 0) return index;
    }
    return last;
  }

  /** A shuffled copy (Fisher and Yates): every order equally likely. */
  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  }

  /** Standard normal (Box and Muller; the second value of the pair is not kept, so that there is no hidden state). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.float())) * Math.cos(2 * Math.PI * this.float());
  }
}
