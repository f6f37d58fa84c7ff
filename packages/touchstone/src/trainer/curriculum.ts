import { UserError } from '../errors.js';
import { Random, deriveSeed } from '../random.js';
import type { ScoredGroup } from '../rollout/rollout.js';
import type { Json, Task, TaskSource } from '../task/task.js';

/** A stage that remembers something between steps. What it returns is saved with every checkpoint. */
export interface Stateful {
  state?(): Json;
  /** `state` is what `state()` returned at the checkpoint. */
  restore?(state: Json): void;
}

/** Chooses what to train on next. */
export interface Curriculum extends Stateful {
  /** `count` tasks for the next round of a step. */
  pick(count: number): readonly Task[];
  /** Called once a step with every group of it, filtered or not. */
  learn?(groups: readonly ScoredGroup[]): void;
}

/**
 * The plain curriculum: every training task once, then all again in another order. Tasks made on the spot never end,
 * so they are taken in the order of their index.
 */
export function uniformCurriculum(source: TaskSource, seed: number): Curriculum {
  const size = source.size('train');
  if (size === 0) {
    throw new UserError(`${source.name}: must have tasks to train on, got none; give a train file or more rows`);
  }
  let next = 0;
  let epoch = -1;
  let order: readonly number[] = [];
  const indexOf = (position: number): number => {
    if (!Number.isFinite(size)) return position;
    const wanted = Math.floor(position / size);
    if (wanted !== epoch) {
      epoch = wanted;
      order = new Random(deriveSeed(seed, 'epoch', epoch)).shuffle(Array.from({ length: size }, (_, i) => i));
    }
    return order[position % size] as number;
  };
  return {
    pick: (count) => Array.from({ length: count }, () => source.task('train', indexOf(next++))),
    state: () => next,
    restore(state) {
      if (typeof state !== 'number')
        throw new Error('uniformCurriculum: state must be a number; the checkpoint is damaged');
      next = state;
    },
  };
}
