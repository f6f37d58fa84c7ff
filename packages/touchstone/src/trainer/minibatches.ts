import { Random } from '../random.js';

export interface MinibatchRequest {
  /** [rollouts] Number of the group of each rollout. */
  readonly group: Int32Array;
  /** Optimiser updates a pass over the step's rollouts. */
  readonly minibatches: number;
  /** Of this step and epoch. */
  readonly seed: number;
}

/** Cuts the rollouts of a step into minibatches, one optimiser update each: lists of rollout numbers, none empty. */
export type Minibatcher = (request: MinibatchRequest) => readonly Int32Array[];

/**
 * The plain cut: whole groups, shuffled, in minibatches whose numbers of groups differ by one at most. A single
 * minibatch keeps the order. Fewer groups than minibatches give one minibatch a group.
 */
export const groupedMinibatches: Minibatcher = ({ group, minibatches, seed }) => {
  const members = new Map<number, number[]>();
  for (const [rollout, number] of group.entries()) {
    const list = members.get(number);
    if (list === undefined) members.set(number, [rollout]);
    else list.push(rollout);
  }
  const groups = [...members.values()];
  const count = Math.min(minibatches, groups.length);
  const order = count === 1 ? groups : new Random(seed).shuffle(groups);
  return Array.from({ length: count }, (_, i) =>
    Int32Array.from(
      order.slice(Math.floor((i * groups.length) / count), Math.floor(((i + 1) * groups.length) / count)).flat(),
    ),
  );
};
