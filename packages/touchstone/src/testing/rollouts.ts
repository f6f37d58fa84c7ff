import type { Verdict } from '@touchstone/verify';
import { correct, incorrect } from '@touchstone/verify';
import type { ScoredGroup, ScoredRollout } from '../rollout/rollout.js';
import type { Task } from '../task/task.js';

export const someTask: Task = { id: 'some/1', prompt: 'prompt', reference: '1', metadata: {} };

export interface RolloutShape {
  readonly response?: readonly number[];
  /** NaN: not judged. */
  readonly reward?: number;
  readonly parts?: Readonly<Record<string, number>>;
  readonly verdict?: Verdict;
  readonly sources?: readonly number[];
  readonly finish?: 'stop' | 'length';
}

/** A rollout with a prompt of tokens 1 and 2 and sampler log-probs of -1; correct when its reward is 1. */
export function scoredRollout(shape: RolloutShape = {}): ScoredRollout {
  const { response = [3], reward = 0, parts = {}, sources, finish = 'stop' } = shape;
  return {
    task: someTask,
    sample: 0,
    seed: Number.MAX_SAFE_INTEGER,
    tokens: Int32Array.from([1, 2, ...response]),
    promptLength: 2,
    samplerLogProbs: new Float32Array(response.length).fill(-1),
    ...(sources !== undefined && { sources: Uint8Array.from(sources) }),
    text: 'response',
    finish,
    verdict: shape.verdict ?? (reward === 1 ? correct('equal') : incorrect('different')),
    reward: { total: reward, parts },
  };
}

/** A group of one-token rollouts with these rewards. */
export function groupOf(...rewards: readonly number[]): ScoredGroup {
  return { task: someTask, rollouts: rewards.map((reward) => scoredRollout({ reward })) };
}
