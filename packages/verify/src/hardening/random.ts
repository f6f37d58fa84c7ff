/** Draws for the attack suite: reproducible from one integer seed. */
export interface Draw {
  /** In [0, 1). */
  unit(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  pick<T>(from: readonly T[]): T;
}

/** Mulberry32. */
export function seededDraw(seed: number): Draw {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (bound: number): number => Math.floor(unit() * bound);
  return { unit, below, pick: (from) => from[below(from.length)] as (typeof from)[number] };
}
