import { overlongPenalty } from '@touchstone/objectives';
import type { OutcomePolicyName } from '@touchstone/verify';
import { scoreOrPolicy } from '@touchstone/verify';
import { UserError } from '../errors.js';
import type { JudgedGroup, JudgedRollout } from '../rollout/rollout.js';
import { responseLength } from '../rollout/rollout.js';
import type { RolloutContext } from '../rollout/strategy.js';

/** What a rollout earned. */
export interface RewardValue {
  /** NaN: the answer could not be judged; it stays out of every statistic and carries no loss. */
  readonly total: number;
  /** What the total was made from, by name, before weights. */
  readonly parts: Readonly<Record<string, number>>;
  /** [response] For objectives that ask for `tokenRewards`. */
  readonly tokens?: Float64Array;
}

/**
 * Rewards of a whole step, `result[i][j]` for `groups[i].rollouts[j]`: a reward may depend on the group or the batch,
 * and may ask the policy itself through `context.engine`.
 */
export type Reward = (groups: readonly JudgedGroup[], context: RolloutContext) => Promise<RewardValue[][]>;

export interface VerdictRewardSettings {
  /** Weight of each named part; `score` is the verdict's own score. Parts that are not named weigh nothing. */
  readonly weights: Readonly<Record<string, number>>;
  /** What an answer is worth that could not be judged. */
  readonly unjudged: OutcomePolicyName;
}

/** The plain reward: a weighted sum of the verdict's score and its named parts. */
export function verdictReward({ weights, unjudged }: VerdictRewardSettings): Reward {
  const valueOf = ({ verdict, task }: JudgedRollout): RewardValue => {
    const score = scoreOrPolicy(verdict, unjudged);
    const parts: Record<string, number> = { ...verdict.parts, score };
    if (verdict.outcome !== 'correct' && verdict.outcome !== 'incorrect') return { total: score, parts };
    let total = 0;
    for (const [name, weight] of Object.entries(weights)) {
      const part = parts[name];
      if (part === undefined) {
        throw new UserError(
          `recipe: reward.weights.${name} must name a part of the verdict, got none of that name for task ${task.id}; ` +
            `choose from ${Object.keys(parts).sort().join(', ')}`,
        );
      }
      total += weight * part;
    }
    return { total, parts };
  };
  return (groups) => Promise.resolve(groups.map((group) => group.rollouts.map(valueOf)));
}

export interface OverlongSettings {
  readonly maxNewTokens: number;
  /** Tokens before the budget over which the penalty rises from 0 to `factor`. */
  readonly buffer: number;
  readonly factor: number;
}

/** Another reward, less DAPO's soft punishment of responses that near the budget; the penalty is the part `overlong`. */
export function overlongReward(inner: Reward, { maxNewTokens, buffer, factor }: OverlongSettings): Reward {
  return async (groups, context) => {
    const values = await inner(groups, context);
    return values.map((row, i) => {
      const lengths = (groups[i] as JudgedGroup).rollouts.map(responseLength);
      const penalties = overlongPenalty(lengths, maxNewTokens, buffer, factor);
      return row.map((value, j): RewardValue => {
        const penalty = penalties[j] as number;
        return { ...value, total: value.total + penalty, parts: { ...value.parts, overlong: penalty } };
      });
    });
  };
}
