/** Groups renumbered 0 .. count - 1 in the order of their first member. */
export function denseGroups(group: Int32Array): { readonly index: Int32Array; readonly count: number } {
  const numbers = new Map<number, number>();
  const index = group.map((id) => {
    const known = numbers.get(id);
    if (known !== undefined) return known;
    numbers.set(id, numbers.size);
    return numbers.size - 1;
  });
  return { index, count: numbers.size };
}

/**
 * [rollouts] +1 for the better and -1 for the worse member of every group with exactly two scored members of different
 * rewards; 0 elsewhere.
 */
export function pairSigns(rewards: Float64Array, group: Int32Array): Float64Array {
  const { index, count } = denseGroups(group);
  const scored: number[][] = Array.from({ length: count }, () => []);
  rewards.forEach((reward, i) => {
    if (!Number.isNaN(reward)) scored[index[i]!]!.push(i);
  });
  const signs = new Float64Array(rewards.length);
  for (const [first, second, ...more] of scored) {
    if (first === undefined || second === undefined || more.length > 0) continue;
    const sign = Math.sign(rewards[first]! - rewards[second]!);
    signs[first] = sign;
    signs[second] = -sign;
  }
  return signs;
}
