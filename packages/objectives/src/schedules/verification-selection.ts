import { hashedUniform, largest } from '../terms/select.js';

/**
 * How many of `selected` solutions each group of `groupSize` of the `total` gives, as evenly as can be: the first groups
 * one more (RISE, arXiv 2505.13445; downsampling in verl/protocol.py). With fewer than groups only the first ones give
 * any: shuffle the prompts of every step.
 */
export function selectionCounts(total: number, groupSize: number, selected: number): number[] {
  const groups = Math.ceil(total / groupSize);
  const each = Math.floor(selected / groups);
  return Array.from({ length: groups }, (_, g) => each + (g < selected % groups ? 1 : 0));
}

/** Indices of the solutions that become verification tasks, rising; drawn within each group without replacement. */
export function selectForVerification(total: number, groupSize: number, selected: number, seed: number): number[] {
  return selectionCounts(total, groupSize, selected).flatMap((count, g) => {
    const members = Array.from({ length: Math.min(groupSize, total - g * groupSize) }, (_, i) => g * groupSize + i);
    const drawn = largest(
      Float64Array.from(members, (member) => hashedUniform(member + 1, seed)),
      count,
    );
    return members.filter((_, i) => drawn[i] === 1);
  });
}
