/**
 * Sixteen-bit floating point to and from f32, on whole arrays. Widening is exact; narrowing rounds to nearest, ties to
 * even, as IEEE 754 and torch do. Infinities, NaNs, signed zeros and subnormals are kept.
 */

/** bf16 bit patterns to f32. `source` may be the upper half of the memory of `target`, so that a file is read in place. */
export function widenBf16(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < bits.length; i++) bits[i] = (source[i] ?? 0) << 16;
}

/** f16 bit patterns to f32. `source` may be the upper half of the memory of `target`. */
export function widenF16(source: Uint16Array, target: Float32Array): void {
  const table = f16Table();
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < bits.length; i++) bits[i] = table[source[i] ?? 0] ?? 0;
}

/**
 * f32 to bf16 bit patterns.
 *
 * @returns The index of the first finite value that became infinite, or -1.
 */
export function narrowBf16(source: Float32Array, target: Uint16Array): number {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  let overflow = -1;
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] ?? 0;
    const magnitude = value & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      target[i] = (value >>> 16) | 0x40;
      continue;
    }
    const rounded = (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
    target[i] = rounded;
    if (overflow < 0 && (rounded & 0x7fff) === 0x7f80 && magnitude !== 0x7f800000) overflow = i;
  }
  return overflow;
}

/**
 * f32 to f16 bit patterns. Magnitudes from 65520 on become infinite.
 *
 * @returns The index of the first finite value that became infinite, or -1.
 */
export function narrowF16(source: Float32Array, target: Uint16Array): number {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  let overflow = -1;
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] ?? 0;
    const half = f16Magnitude(value & 0x7fffffff);
    target[i] = ((value >>> 16) & 0x8000) | half;
    if (overflow < 0 && half === 0x7c00 && (value & 0x7fffffff) !== 0x7f800000) overflow = i;
  }
  return overflow;
}

/** The f16 bits of a non-negative f32, both as bit patterns. */
function f16Magnitude(value: number): number {
  if (value > 0x7f800000) return 0x7e00 | ((value >>> 13) & 0x3ff);
  if (value >= 0x477ff000) return 0x7c00;
  if (value >= 0x38800000) return (value - 0x38000000 + 0xfff + ((value >>> 13) & 1)) >>> 13;
  // Below 2^-14 an f16 counts multiples of 2^-24; the significand of f32 counts multiples of 2^(exponent - 150).
  const exponent = value >>> 23;
  if (exponent < 102) return 0;
  const significand = (value & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const half = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  return rest > tie || (rest === tie && (half & 1) === 1) ? half + 1 : half;
}

let f16Widened: Uint32Array | undefined;

/** f32 bits of each of the 65536 f16 values: a look-up is the fastest exact conversion. */
function f16Table(): Uint32Array {
  if (f16Widened !== undefined) return f16Widened;
  const values = new Float32Array(65536);
  const bits = new Uint32Array(values.buffer);
  for (let half = 0; half < 65536; half++) {
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) values[half] = fraction * 2 ** -24;
    else bits[half] = exponent === 31 ? 0x7f800000 | (fraction << 13) : ((exponent + 112) << 23) | (fraction << 13);
    bits[half] = (bits[half] ?? 0) | ((half & 0x8000) << 16);
  }
  f16Widened = bits;
  return bits;
}
