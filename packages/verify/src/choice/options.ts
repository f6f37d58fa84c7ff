/** @file Multiple-choice items: letters, option texts, and shuffles that keep track of the right one. */

/** Options in display order; the letter of option i is the i-th letter of the alphabet. */
export interface ChoiceItem {
  readonly options: readonly string[];
  /** Letters of the right options, usually one. */
  readonly gold: readonly string[];
}

/** `A` for 0, `B` for 1, ... up to `Z` for 25. */
export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

/** The item with its options in the order of `permutation`: displayed slot i holds option `permutation[i]`. */
export function permuteOptions(item: ChoiceItem, permutation: readonly number[]): ChoiceItem {
  return {
    options: permutation.map((source) => item.options[source]!),
    gold: permutation.flatMap((source, slot) => (item.gold.includes(letterOf(source)) ? [letterOf(slot)] : [])),
  };
}

/** A permutation of 0..count-1 drawn from the seed (Fisher-Yates over a 32-bit mixing generator). */
export function seededPermutation(count: number, seed: number): number[] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
