/**
 * Flags for the `count` largest entries. Ties at the threshold go to the earlier entries, so that exactly
 * `min(count, values.length)` are chosen. NaN is never chosen before a number.
 */
export function largest(values: Float64Array, count: number): Uint8Array {
  const chosen = new Uint8Array(values.length);
  if (count <= 0 || values.length === 0) return chosen;
  if (count >= values.length) return chosen.fill(1);
  const keys = values.map((value) => (Number.isNaN(value) ? -Infinity : value));
  const threshold = orderStatistic(Float64Array.from(keys), keys.length - count);
  let left = count;
  for (let i = 0; i < keys.length; i++) if (keys[i]! > threshold) left -= chosen[i] = 1;
  for (let i = 0; i < keys.length && left > 0; i++) if (keys[i] === threshold) left -= chosen[i] = 1;
  return chosen;
}

/** The quantile of the values (no NaN) by linear interpolation between order statistics (NumPy and PyTorch default). */
export function quantile(values: Float64Array, fraction: number): number {
  if (values.length === 0) return NaN;
  const at = fraction * (values.length - 1);
  const below = Math.floor(at);
  const working = Float64Array.from(values);
  const low = orderStatistic(working, below);
  if (at === below) return low;
  // Everything behind entry `below` is at least as large by now, so the next order statistic is their smallest.
  let high = Infinity;
  for (let i = below + 1; i < working.length; i++) high = Math.min(high, working[i]!);
  return low + (at - below) * (high - low);
}

/**
 * The k-th smallest value, k from 0, in linear time (quickselect with a three-way split). Reorders the array: entries
 * before k are not larger, those behind it not smaller.
 */
function orderStatistic(values: Float64Array, k: number): number {
  let [left, right] = [0, values.length - 1];
  while (left < right) {
    const pivot = middleOf(values[left]!, values[(left + right) >> 1]!, values[right]!);
    let [below, above, i] = [left, right, left];
    while (i <= above) {
      const value = values[i]!;
      if (value < pivot) {
        values[i++] = values[below]!;
        values[below++] = value;
      } else if (value > pivot) {
        values[i] = values[above]!;
        values[above--] = value;
      } else i++;
    }
    if (k < below) right = below - 1;
    else if (k > above) left = above + 1;
    else return pivot;
  }
  return values[k]!;
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

// Two views of one number, overwritten by every call: making them anew costs more than the hash.
const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);

/** A number in [0, 1) that depends on the seed and the bits of the value only: a draw that no reordering changes. */
export function hashedUniform(value: number, seed: number): number {
  bits[0] = value;
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ words[i]!, 0xcc9e2d51);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x1b873593);
    hash ^= hash >>> 13;
  }
  return (hash >>> 0) / 2 ** 32;
}

/** To the nearest whole number, a half to the even one (Python's `round`). */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
