import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Aig, FALSE, TRUE } from './aig.js';
import { TwoValued, ThreeValued } from './logic.js';
import { wordOperators, Words, type WordOperator } from './words.js';

const bitsOf = (value: bigint, width: number): number[] =>
  Array.from({ length: width }, (_, at) => Number((BigInt.asUintN(width, value) >> BigInt(at)) & 1n));

const read = (bits: readonly number[], signed: boolean): bigint => {
  const value = bits.reduce((sum, bit, at) => sum | (BigInt(bit) << BigInt(at)), 0n);
  return signed ? BigInt.asIntN(bits.length, value) : value;
};

const floorDivide = (a: bigint, b: bigint): bigint => (a - (((a % b) + b) % b)) / b;

/** The language's definition over integers; null where a bit is unknown. */
function defined(operator: WordOperator, a: bigint, b: bigint, widthA: number, signed: boolean): bigint | null {
  const shifted = (by: bigint): bigint => (by < 0n ? a << -by : a >> by);
  switch (operator) {
    case '$add':
      return a + b;
    case '$sub':
      return a - b;
    case '$neg':
      return -a;
    case '$mul':
      return a * b;
    case '$div':
      return b === 0n ? null : a / b;
    case '$mod':
      return b === 0n ? null : a % b;
    case '$divfloor':
      return b === 0n ? null : floorDivide(a, b);
    case '$modfloor':
      return b === 0n ? null : a - b * floorDivide(a, b);
    case '$lt':
      return a < b ? 1n : 0n;
    case '$le':
      return a <= b ? 1n : 0n;
    case '$gt':
      return a > b ? 1n : 0n;
    case '$ge':
      return a >= b ? 1n : 0n;
    case '$shl':
    case '$sshl':
      return a << b;
    case '$shr':
      return BigInt.asUintN(widthA, a) >> b;
    case '$sshr':
      return (signed ? a : BigInt.asUintN(widthA, a)) >> b;
    case '$shift':
      return b < 0n ? a << -b : BigInt.asUintN(widthA, a) >> b;
    case '$shiftx':
      return shifted(b);
  }
}

const shifts = new Set<WordOperator>(['$shl', '$sshl', '$shr', '$sshr', '$shift', '$shiftx']);
const signedAmount = new Set<WordOperator>(['$shift', '$shiftx']);

describe.each(wordOperators)('%s', (operator) => {
  test('computes what the language defines, for words of any widths and signs', () => {
    const width = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(width, width, fc.bigInt(0n, 511n), fc.bigInt(0n, 511n), fc.boolean(), (wa, wb, ra, rb, signed) => {
        const [bitsA, bitsB] = [bitsOf(ra, wa), bitsOf(rb, wb)];
        // Amounts of plain shifts are unsigned, and `$shiftx` selects bits of a word without a sign.
        const signedB = signed && (!shifts.has(operator) || signedAmount.has(operator));
        const signedA = signed && operator !== '$shiftx';
        const out = operator === '$shiftx' ? Math.min(wa, 4) : Math.max(wa, wb);
        const [a, b] = [read(bitsA, signedA), read(bitsB, signedB)];
        const wanted = defined(operator, a, b, Math.max(wa, out), signedA);
        const words = new Words(new TwoValued(new Aig(1e6), false));
        const got = words.compute(
          operator,
          { bits: bitsA.map((bit) => (bit === 1 ? TRUE : FALSE)), signed: signedA },
          {
            bits: operator === '$neg' ? [] : bitsB.map((bit) => (bit === 1 ? TRUE : FALSE)),
            signed: operator === '$neg' ? signedA : signedB,
          },
          out,
        );
        for (const [at, bit] of got.entries()) {
          const outside = operator === '$shiftx' && (b + BigInt(at) < 0n || b + BigInt(at) >= BigInt(wa));
          if (wanted === null || outside) expect(bit).toBeGreaterThan(TRUE);
          else expect(bit).toBe(Number((BigInt.asUintN(out, wanted) >> BigInt(at)) & 1n));
        }
      }),
      { numRuns: 100 },
    );
  });

  test('what it leaves known of a partly unknown word holds for every value', () => {
    const bits = fc.array(fc.constantFrom('0', '1', 'x' as const), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(bits, bits, fc.infiniteStream(fc.boolean()), (a, b, draws) => {
        const three = new ThreeValued(new Aig(1e6));
        const two = new TwoValued(new Aig(1e6), false);
        const settle = (bit: string): number => (bit === 'x' ? (draws.next().value ? 1 : 0) : Number(bit));
        const wide = new Words(three).compute(
          operator,
          { bits: a.map((bit) => three.constant(bit as '0')), signed: false },
          { bits: b.map((bit) => three.constant(bit as '0')), signed: false },
          4,
        );
        const exact = new Words(two).compute(
          operator,
          { bits: a.map(settle), signed: false },
          { bits: b.map(settle), signed: false },
          4,
        );
        for (const [at, { can1, can0 }] of wide.entries()) {
          if (can1 === FALSE) expect(exact[at]).toBe(FALSE);
          if (can0 === FALSE) expect(exact[at]).toBe(TRUE);
          expect(can1 === FALSE && can0 === FALSE).toBe(false);
        }
      }),
      { numRuns: 100 },
    );
  });
});

test.each([
  ['$div', '01', '00'],
  ['$mod', '01', '00'],
  ['$divfloor', '01', '00'],
  ['$shiftx', '01', '10'],
  ['$shiftx', '01', '11'],
] as const)('bits of %s that are unknown in %s and %s need not agree', (operator, a, b) => {
  const bits = (text: string): number[] => [...text].reverse().map(Number);
  const words = new Words(new TwoValued(new Aig(1e6), false));
  const [low, high] = words.compute(operator, { bits: bits(a), signed: false }, { bits: bits(b), signed: false }, 2);
  expect(Math.min(low!, high!)).toBeGreaterThan(TRUE);
  expect(low! >> 1).not.toBe(high! >> 1);
});
