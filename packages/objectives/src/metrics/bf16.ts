// Two views of one number, overwritten by every call.
const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** The nearest bfloat16, ties to even, by way of float32 as hardware rounds. NaN and infinities stay. */
export function bfloat16(value: number): number {
  single[0] = value;
  if (!Number.isFinite(single[0])) return single[0];
  const word = singleBits[0]!;
  singleBits[0] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  return single[0];
}

/** Bits of a bfloat16 mantissa behind the leading one, and its least normal exponent. */
const MANTISSA_BITS = 7;
const LEAST_EXPONENT = -126;

/** Distance between neighbouring bfloat16 numbers at x: 2^(e - 7) for |x| in [2^e, 2^(e + 1)). NaN for 0 and what is not finite. */
export function bfloat16Spacing(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return NaN;
  let exponent = Math.floor(Math.log2(Math.abs(x)));
  // The logarithm may round to the wrong side of a power of two.
  if (2 ** exponent > Math.abs(x)) exponent -= 1;
  else if (2 ** (exponent + 1) <= Math.abs(x)) exponent += 1;
  return 2 ** (Math.max(exponent, LEAST_EXPONENT) - MANTISSA_BITS);
}
