import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { narrowBf16, narrowF16, widenBf16, widenF16 } from './float-formats.js';

const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i);

function narrow(how: typeof narrowF16, value: number): number {
  const out = new Uint16Array(1);
  how(Float32Array.of(value), out);
  return out[0] ?? -1;
}

function f16ByDefinition(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Nearest of all finite values of the format, ties to the even bit pattern; beyond half a step above the largest, infinity. */
function nearest(magnitude: number, values: readonly number[], firstBeyond: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((values[middle] ?? NaN) <= magnitude) low = middle;
    else high = middle - 1;
  }
  const below = magnitude - (values[low] ?? NaN);
  const above = (values[low + 1] ?? firstBeyond) - magnitude;
  return below < above || (below === above && low % 2 === 0) ? low : low + 1;
}

describe('f16', () => {
  it('widens every bit pattern to the value that IEEE 754 defines', () => {
    const wide = new Float32Array(65536);
    widenF16(everyHalf, wide);
    for (let bits = 0; bits < 65536; bits++) {
      if (!Object.is(wide[bits], f16ByDefinition(bits))) expect(wide[bits], `bits ${bits}`).toBe(f16ByDefinition(bits));
    }
  });

  it('comes back from f32 unchanged, but for NaNs made quiet', () => {
    const wide = new Float32Array(65536);
    const back = new Uint16Array(65536);
    widenF16(everyHalf, wide);
    expect(narrowF16(wide, back)).toBe(-1);
    expect(back.every((bits, i) => bits === i || bits === (i | 0x200))).toBe(true);
    expect(back.filter((bits, i) => bits !== i).every((bits) => Number.isNaN(f16ByDefinition(bits)))).toBe(true);
  });

  it('rounds to nearest, ties to even', () => {
    const values = Array.from({ length: 0x7c00 }, (_, bits) => f16ByDefinition(bits));
    const midpoint = fc.nat(0x7bfe).map((i) => ((values[i] ?? 0) + (values[i + 1] ?? 0)) / 2);
    fc.assert(
      fc.property(fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), midpoint), (value) => {
        const expected = nearest(Math.abs(value), values, 65536);
        expect(narrow(narrowF16, value) & 0x7fff).toBe(expected);
        expect(narrow(narrowF16, value) >> 15).toBe(value < 0 || Object.is(value, -0) ? 1 : 0);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it('reports the first finite value that overflows', () => {
    expect(narrowF16(Float32Array.of(65504, 65519.99, Infinity, 65520, 1e9), new Uint16Array(5))).toBe(3);
    expect(narrow(narrowF16, -65520)).toBe(0xfc00);
  });
});

describe('bf16', () => {
  it('comes back from f32 unchanged, but for NaNs made quiet', () => {
    const wide = new Float32Array(65536);
    const back = new Uint16Array(65536);
    widenBf16(everyHalf, wide);
    expect(narrowBf16(wide, back)).toBe(-1);
    expect(back.every((bits, i) => bits === i || (bits === (i | 0x40) && Number.isNaN(wide[i])))).toBe(true);
  });

  it('is the upper half of f32', () => {
    const wide = new Float32Array(4);
    widenBf16(Uint16Array.of(0x3f80, 0xc040, 0x7f80, 0x0001), wide);
    expect([...wide]).toEqual([1, -3, Infinity, 2 ** -133]);
  });

  it('rounds to nearest, ties to even', () => {
    const finite = new Float32Array(0x7f80);
    widenBf16(everyHalf.subarray(0, 0x7f80), finite);
    const values = [...finite];
    const midpoint = fc.nat(0x7f7e).map((i) => ((values[i] ?? 0) + (values[i + 1] ?? 0)) / 2);
    fc.assert(
      fc.property(fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), midpoint), (value) => {
        expect(narrow(narrowBf16, value) & 0x7fff).toBe(nearest(Math.abs(value), values, 2 ** 128));
      }),
      { numRuns: 2000, seed: 2 },
    );
  });

  it('keeps NaN and infinity, and reports overflow', () => {
    expect(narrow(narrowBf16, -Infinity)).toBe(0xff80);
    expect(narrow(narrowBf16, NaN) & 0x7fc0).toBe(0x7fc0);
    expect(narrowBf16(Float32Array.of(3.3e38, 3.4e38), new Uint16Array(2))).toBe(1);
  });
});

describe('widening in place', () => {
  it('reads from the upper half of its own target', () => {
    for (const widen of [widenF16, widenBf16]) {
      const apart = new Float32Array(1000);
      const source = Uint16Array.from({ length: 1000 }, (_, i) => (i * 61) % 31000);
      widen(source, apart);
      const memory = new Float32Array(1003);
      const target = memory.subarray(3);
      const upper = new Uint16Array(memory.buffer, target.byteOffset + 2000, 1000);
      upper.set(source);
      widen(upper, target);
      expect(target).toEqual(apart);
      expect([...memory.subarray(0, 3)]).toEqual([0, 0, 0]);
    }
  });
});
