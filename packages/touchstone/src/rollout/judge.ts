import type { Environment } from '../environment/environment.js';
import type { JudgedGroup, RolloutGroup } from './rollout.js';

/** Verdicts for every rollout that its strategy has not judged already. Rollouts are judged concurrently. */
export async function judgeGroups(
  groups: readonly RolloutGroup[],
  environment: Pick<Environment, 'judge'>,
): Promise<readonly JudgedGroup[]> {
  return Promise.all(
    groups.map(async ({ task, rollouts }) => ({
      task,
      rollouts: await Promise.all(
        rollouts.map(async (rollout) => ({
          ...rollout,
          verdict: rollout.verdict ?? (await environment.judge(rollout.task, rollout.text)),
        })),
      ),
    })),
  );
}
