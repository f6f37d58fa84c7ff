import type { Environment } from '../environment/environment.js';
import type { Engine } from '@touchstone/engine';
import { deriveSeed } from '../random.js';
import type { Reward } from '../reward/reward.js';
import { judgeGroups } from '../rollout/judge.js';
import type { RolloutGroup, ScoredGroup } from '../rollout/rollout.js';
import type { RolloutContext, RolloutStrategy, SamplingSettings } from '../rollout/strategy.js';
import type { Curriculum } from './curriculum.js';
import type { GroupFilter } from './filter.js';
import type { Stopwatch } from './stopwatch.js';

export interface CollectContext {
  readonly engine: Engine;
  readonly environment: Environment;
  readonly curriculum: Curriculum;
  readonly strategy: RolloutStrategy;
  readonly reward: Reward;
  readonly filter: GroupFilter;
  readonly sampling: SamplingSettings;
  /** Groups a step wants to learn from. */
  readonly prompts: number;
  /** Most rounds of sampling a step: with more than one, groups that the filter left out are made up for. */
  readonly rounds: number;
  /** Of this step. */
  readonly seed: number;
  readonly step: number;
  readonly stopwatch: Stopwatch;
}

export interface Collected {
  /** Everything that was sampled. */
  readonly groups: readonly ScoredGroup[];
  /** What the filter left, `prompts` groups at most. */
  readonly kept: readonly ScoredGroup[];
  readonly rounds: number;
}

/** Picks tasks, samples, judges, rewards and filters until enough groups are left or the rounds are used up. */
export async function collect(context: CollectContext): Promise<Collected> {
  const groups: ScoredGroup[] = [];
  const kept: ScoredGroup[] = [];
  let round = 0;
  for (; round < context.rounds && kept.length < context.prompts; round++) {
    const tasks = context.curriculum.pick(context.prompts);
    const { engine, environment, sampling, stopwatch, step } = context;
    const seed = deriveSeed(context.seed, 'round', round);
    const scope: RolloutContext = { engine, environment, sampling, seed, step };
    const sampled = await stopwatch.time('sample', () => context.strategy(tasks, scope));
    const scored = await scoreGroups(sampled, context, scope);
    groups.push(...scored);
    kept.push(...context.filter(scored));
  }
  context.curriculum.learn?.(groups);
  return { groups, kept: kept.slice(0, context.prompts), rounds: round };
}

/** Verdicts and rewards side by side. */
export async function scoreGroups(
  groups: readonly RolloutGroup[],
  { environment, reward, stopwatch }: Pick<CollectContext, 'environment' | 'reward' | 'stopwatch'>,
  scope: RolloutContext,
): Promise<readonly ScoredGroup[]> {
  const judged = await stopwatch.time('judge', () => judgeGroups(groups, environment));
  const values = await stopwatch.time('reward', () => reward(judged, scope));
  return judged.map(({ task, rollouts }, i) => ({
    task,
    rollouts: rollouts.map((rollout, j) => {
      const value = values[i]?.[j];
      if (value === undefined) throw new Error(`reward: needs a value for every rollout, got none for ${i}, ${j}`);
      return { ...rollout, reward: value };
    }),
  }));
}
