import type { ColumnName, RolloutColumnName } from '@touchstone/objectives';
import type { Verdict } from '@touchstone/verify';
import type { RewardValue } from '../reward/reward.js';
import type { Task } from '../task/task.js';

/** Who chose a token. Only those of the policy may carry loss, unless an objective learns from demonstrations. */
export const tokenSource = { environment: 0, policy: 1, demonstration: 2 } as const;

/**
 * One response to one prompt. Tokens are those that were sampled: text is decoded from them for the judge and never
 * encoded again for training.
 */
export interface Rollout {
  readonly task: Task;
  /** Number within its group, from 0. */
  readonly sample: number;
  readonly seed: number;
  /** Prompt, then response. */
  readonly tokens: Int32Array;
  /** In tokens, at least 1. */
  readonly promptLength: number;
  /** [response] Under softmax(logits / temperature), as the sampler reported it; 0 for tokens it did not choose. */
  readonly samplerLogProbs: Float32Array;
  /** [response] Values of `tokenSource`. Absent: the policy chose every token. */
  readonly sources?: Uint8Array;
  /** [response] Number of the span that each token lies in, from 0. Absent: the objective cuts, by default into lines. */
  readonly segments?: Int32Array;
  /** [response] Columns that an objective reads and only this strategy can bring, by their names in the objective. */
  readonly columns?: Readonly<Partial<Record<ColumnName, Float64Array>>>;
  /** The same once a rollout. */
  readonly values?: Readonly<Partial<Record<RolloutColumnName, number>>>;
  /** What a teacher reads before this response in place of the prompt. */
  readonly teacherPrompt?: Int32Array;
  /** The decoded response. */
  readonly text: string;
  /** `stop`: ended by itself; `length`: cut at the budget. */
  readonly finish: 'stop' | 'length';
  /** Where a strategy has judged already, as guided retries do; otherwise the trainer asks the environment. */
  readonly verdict?: Verdict;
}

/** All responses to one prompt. Groups are ragged: sizes differ, and an empty group is allowed. */
export interface RolloutGroup<R extends Rollout = Rollout> {
  readonly task: Task;
  readonly rollouts: readonly R[];
}

export interface JudgedRollout extends Rollout {
  readonly verdict: Verdict;
}

/** A rollout with the verdict and the reward side by side for good: diagnostics compare them. */
export interface ScoredRollout extends JudgedRollout {
  readonly reward: RewardValue;
}

export type JudgedGroup = RolloutGroup<JudgedRollout>;
export type ScoredGroup = RolloutGroup<ScoredRollout>;

/** Response tokens of a rollout. */
export function responseLength(rollout: Rollout): number {
  return rollout.tokens.length - rollout.promptLength;
}
