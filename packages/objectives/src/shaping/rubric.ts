/** Criteria of one question, each a weight and whether it is about a fact (an intermediate or final result). */
export interface Rubric {
  readonly weights: readonly number[];
  readonly isFactual: readonly boolean[];
}

export interface RubricScore {
  /** Weight of satisfied criteria over all weight, in [0, 1]. */
  readonly weighted: number;
  /** 1 where every factual criterion is satisfied and there is one, else `weighted`. */
  readonly reward: number;
}

/** Reward of one response from the judge's verdict on each criterion (RGR-GRPO, arXiv 2511.12344, section 2.1). */
export function rubricReward(satisfied: readonly boolean[], { weights, isFactual }: Rubric): RubricScore {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const earned = weights.reduce((sum, weight, k) => sum + (satisfied[k] === true ? weight : 0), 0);
  const weighted = total > 0 ? earned / total : 0;
  const hasFacts = isFactual.some(Boolean);
  const knowsFacts = hasFacts && isFactual.every((factual, k) => !factual || satisfied[k] === true);
  return { weighted, reward: knowsFacts ? 1 : weighted };
}

export interface ExplorationAssessment {
  /** [responses] */
  readonly rewards: number[];
  /** First response with the largest reward; -1 without responses. */
  readonly best: number;
  /** Criteria that it does not satisfy; all of them without responses. */
  readonly failedCriteria: number[];
  /** Whether the last response of the group should be a refinement of the best one. */
  readonly needsRefinement: boolean;
}

/**
 * Whether the on-policy responses of a question suffice (section 2.3): the best one must satisfy every criterion, process
 * criteria included, so that a group whose best reward is 1 already may still be refined.
 */
export function assessExploration(satisfied: readonly (readonly boolean[])[], rubric: Rubric): ExplorationAssessment {
  const rewards = satisfied.map((verdicts) => rubricReward(verdicts, rubric).reward);
  const best = rewards.indexOf(Math.max(...rewards));
  const failedCriteria = [...rubric.weights.keys()].filter((k) => satisfied[best]?.[k] !== true);
  return { rewards, best, failedCriteria, needsRefinement: failedCriteria.length > 0 };
}
