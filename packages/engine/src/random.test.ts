import { describe, expect, it } from 'vitest';
import { RandomStream } from './random.js';

describe('RandomStream', () => {
  it('repeats itself for the same seed and stream only', () => {
    const draws = (seed: number, stream?: string) => {
      const random = new RandomStream(seed, stream);
      return Array.from({ length: 8 }, () => random.bits());
    };
    expect(draws(1, 'a')).toEqual(draws(1, 'a'));
    const seeds = [0, 1, 2, 3, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 52, ...Array.from({ length: 50 }, (_, i) => 1000 + i)];
    const seen = seeds.flatMap((seed) => ['', 'a', 'b', 'ab', 'ba', 'q.weight'].map((stream) => draws(seed, stream)));
    expect(new Set(seen.map(String)).size).toBe(seen.length);
    expect(new Set(seen.map(([first]) => first)).size).toBe(seen.length);
  });

  it('is xoshiro128**', () => {
    // The recurrence of the authors' C code (prng.di.unimi.it/xoshiro128starstar.c) in exact integers.
    const random = new RandomStream(9);
    const drawn = Array.from({ length: 40 }, () => BigInt(random.bits()));
    const mask = 0xffffffffn;
    const rotate = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
    // rotl(s1 * 5, 7) * 9 is a bijection of s1, so four outputs give the state that produced them.
    const inverse = (x: bigint) => (rotate((x * 954437177n) & mask, 25n) * 3435973837n) & mask;
    const s1 = drawn.map(inverse);
    const at = (t: number) => s1[t] ?? -1n;
    // With s1' = s1 ^ s2 ^ s0 and s2' = s2 ^ s0 ^ (s1 << 9), the second word obeys a linear recurrence of order four.
    for (let t = 0; t + 4 < s1.length; t++) {
      const sum = [0, 1, 2, 3].map((k) => at(t + k) ^ at(t + k + 1)); // s0 ^ s2 at steps t .. t + 3
      const s0next = (k: number) => (sum[k + 1] ?? 0n) ^ (sum[k] ?? 0n) ^ ((at(t + k) << 9n) & mask); // s0 at t + k + 1
      const s3 = (k: number) => s0next(k + 1) ^ s0next(k) ^ at(t + k + 1); // s3 at t + k + 1
      const next = rotate(s3(0) ^ at(t + 1), 11n);
      expect(s3(1)).toBe(next);
    }
  });

  it('never leaves a stuck state', () => {
    const random = new RandomStream(0);
    expect(new Set(Array.from({ length: 100 }, () => random.bits())).size).toBe(100);
  });

  it('is uniform in [0, 1)', () => {
    const random = new RandomStream(11);
    const draws = Array.from({ length: 20_000 }, () => random.uniform());
    expect(draws.every((u) => u >= 0 && u < 1)).toBe(true);
    const counts = new Array<number>(10).fill(0);
    for (const u of draws) counts[Math.floor(u * 10)] = (counts[Math.floor(u * 10)] ?? 0) + 1;
    const chiSquare = counts.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0);
    expect(chiSquare).toBeLessThan(27.9); // 99.9 % quantile with 9 degrees of freedom
  });

  it('is standard normal', () => {
    const random = new RandomStream(12);
    const draws = Array.from({ length: 20_000 }, () => random.normal());
    const moment = (k: number) => draws.reduce((sum, z) => sum + z ** k, 0) / draws.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.025);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.04);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.3);
  });
});
