/**
 * Agent-RLVR (arXiv 2506.11425, equations 1 and 2, Algorithm 1): failed tasks are tried again with a teacher's hint, and
 * every success is preferred to an unguided failure of its task.
 *
 *     loss = DPO over those pairs (`dpo`);   reward model: Bradley-Terry over the same pairs (`bradley-terry`)
 *
 * Guided failures are never losers and guided successes never enter the fine-tuning pool. The paper draws the loser; here
 * losers are taken in order and reused in turn, so that the pairs need no seed. The log-probs of a guided success are
 * taken under the prompt without the hint, because the policy must act without it.
 */
import { part } from '../define.js';

export const agentRlvr = part({
  title: 'Agent-RLVR',
  source: 'arXiv 2506.11425',
  kinds: ['preference loss', 'filter'],
  summary: 'Successes after a hint are preferred to failures without one; DPO and a reward model on those pairs.',
  vectors: 'agent-rlvr',
  needs: ['refLogProb'],
});

export interface Attempt {
  readonly task: string;
  readonly id: string;
  /** Whether a hint stood in the prompt. */
  readonly guided: boolean;
  readonly success: boolean;
}

export interface PreferencePairs {
  /** Ids of winner and loser, in the order of the winners. */
  readonly pairs: readonly (readonly [winner: string, loser: string])[];
  /** Tasks without an unguided success, sorted by code unit. */
  readonly tasksNeedingGuidance: readonly string[];
  /** Ids of unguided successes, from which the fine-tuning set is drawn. */
  readonly unguidedSuccesses: readonly string[];
}

/** Pairs of Algorithm 1. A task without an unguided failure, or without any success, gives none. */
export function preferencePairs(attempts: readonly Attempt[]): PreferencePairs {
  const losers = new Map<string, string[]>();
  const solved = new Set<string>();
  for (const { task, id, guided, success } of attempts) {
    const known = losers.get(task) ?? [];
    losers.set(task, known);
    if (guided) continue;
    if (success) solved.add(task);
    else known.push(id);
  }
  const used = new Map<string, number>();
  const pairs: [string, string][] = [];
  for (const { task, id, success } of attempts) {
    const candidates = losers.get(task)!;
    if (!success || candidates.length === 0) continue;
    const turn = used.get(task) ?? 0;
    used.set(task, turn + 1);
    pairs.push([id, candidates[turn % candidates.length]!]);
  }
  return {
    pairs,
    tasksNeedingGuidance: [...losers.keys()].filter((task) => !solved.has(task)).sort(),
    unguidedSuccesses: attempts.filter(({ guided, success }) => success && !guided).map(({ id }) => id),
  };
}

/** Equation 1: `r - beta log(pi / ref)` of one response, from log-probs summed over its tokens. */
export function klShapedReward(reward: number, logProb: number, refLogProb: number, beta: number): number {
  return reward - beta * (logProb - refLogProb);
}
