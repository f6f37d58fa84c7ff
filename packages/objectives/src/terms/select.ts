/**
 * Flags for the `count` largest entries. Ties at the threshold go to the earlier entries, so that exactly
 * `min(count, values.length)` are chosen. NaN is never chosen before a number.
 */
export function largest(values: Float64Array, count: number): Uint8Array {
  const chosen = new Uint8Array(values.length);
  if (count <= 0 || values.length === 0) return chosen;
  if (count >= values.length) return chosen.fill(1);
  const keys = values.map((value) => (Number.isNaN(value) ? -Infinity : value));
  const threshold = Float64Array.from(keys).sort()[keys.length - count]!;
  let left = count;
  for (let i = 0; i < keys.length; i++) if (keys[i]! > threshold) left -= chosen[i] = 1;
  for (let i = 0; i < keys.length && left > 0; i++) if (keys[i] === threshold) left -= chosen[i] = 1;
  return chosen;
}

/** The quantile of the values by linear interpolation between order statistics (NumPy and PyTorch default). */
export function quantile(values: Float64Array, fraction: number): number {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * (sorted[Math.min(below + 1, sorted.length - 1)]! - low);
}

/** A number in [0, 1) that depends on the seed and the bits of the value only: a draw that no reordering changes. */
export function hashedUniform(value: number, seed: number): number {
  const words = new Uint32Array(Float64Array.of(value).buffer);
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  for (const word of words) {
    hash = Math.imul(hash ^ word, 0xcc9e2d51);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x1b873593);
    hash ^= hash >>> 13;
  }
  return (hash >>> 0) / 2 ** 32;
}
