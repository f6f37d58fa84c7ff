import { describe, expect, it } from 'vitest';
import type { TaskSource } from '../task/task.js';
import { uniformCurriculum } from './curriculum.js';

function sourceOf(size: number): TaskSource {
  return {
    name: 'numbers',
    size: () => size,
    task: (_, index) => ({ id: String(index), prompt: '', reference: '', metadata: {} }),
    judge: () => {
      throw new Error('not judged here');
    },
  };
}

const ids = (tasks: readonly { readonly id: string }[]) => tasks.map(({ id }) => Number(id));

describe('uniformCurriculum', () => {
  it('takes every task once an epoch, in another order each, whatever the size of a pick', () => {
    const curriculum = uniformCurriculum(sourceOf(7), 3);
    const drawn = [3, 5, 4, 2].flatMap((count) => ids(curriculum.pick(count)));
    const epochs = [drawn.slice(0, 7), drawn.slice(7, 14)];
    for (const epoch of epochs) expect([...epoch].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(ids(uniformCurriculum(sourceOf(7), 4).pick(7))).not.toEqual(epochs[0]);
  });

  it('takes tasks made on the spot in the order of their index', () => {
    const curriculum = uniformCurriculum(sourceOf(Infinity), 3);
    expect(ids(curriculum.pick(3))).toEqual([0, 1, 2]);
    expect(ids(curriculum.pick(2))).toEqual([3, 4]);
  });

  it('goes on from its state as if it had never stopped', () => {
    const whole = uniformCurriculum(sourceOf(5), 9);
    const first = uniformCurriculum(sourceOf(5), 9);
    expect(ids(first.pick(4))).toEqual(ids(whole.pick(4)));
    const second = uniformCurriculum(sourceOf(5), 9);
    second.restore?.(first.state?.() ?? null);
    expect(ids(second.pick(9))).toEqual(ids(whole.pick(9)));
  });

  it('refuses a source without training tasks', () => {
    expect(() => uniformCurriculum(sourceOf(0), 1)).toThrow(/numbers: must have tasks to train on, got none/);
  });
});
