/**
 * Co-Reward, labels voted on a paraphrase (arXiv 2508.00410; reward_manager/co_reward.py and dp_actor.py of its
 * repository).
 *
 *     R_i = 1 iff the answer equals the majority answer over the rollouts of the other wording     `crossRewards`
 *     A_i = (R_i - mean_g) / (std_g + 1e-6)            g: rollouts of one wording; the wordings never share a group
 *     L_t = PPO clip with dual clip c = 3;  loss of a wording = sum of L_t / tokens + 0.005 mean over tokens of k3
 *
 * The official loss is the sum over both wordings, each in minibatches of its own. A minibatch that holds both gives
 * their mean weighted by tokens: half of that sum where they are as long. The paper has no dual clip and a mean over each
 * response first. Answers are compared as strings: canonicalise before voting and matching alike. Variant II votes with a
 * teacher that follows the policy by `teacherPolicyWeight`; there the KL term is taken to the teacher.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { cosineAnneal } from '../schedules/anneal.js';
import { weightedVote } from '../shaping/majority-vote.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const coReward = objective({
  title: 'Co-Reward',
  source: 'arXiv 2508.00410',
  kinds: ['reward', 'policy loss'],
  summary: 'Without labels: rollouts of a question are graded by the majority answer to its paraphrase, and back.',
  vectors: 'co-reward',
  settings: { ...groupAdvantageSettings, ...clipSettings, ...commonSettings({ klCoef: 0.005 }) },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});

/** The most frequent answer that is not blank, the one seen first on ties; '' where there is none. */
export function majorityAnswer(answers: readonly (string | null)[]): string {
  return weightedVote(answers.map((answer) => (answer === null || answer.trim() === '' ? null : answer))).label ?? '';
}

export interface CrossRewards {
  readonly labelForOriginal: string;
  readonly labelForRephrased: string;
  /** [rollouts of the original wording] 0 or 1 */
  readonly original: number[];
  readonly rephrased: number[];
}

/** Rewards of the rollouts of both wordings of one question. Where a wording has no answer the other earns nothing. */
export function crossRewards(
  original: readonly (string | null)[],
  rephrased: readonly (string | null)[],
): CrossRewards {
  const labelForOriginal = majorityAnswer(rephrased);
  const labelForRephrased = majorityAnswer(original);
  const graded = (answers: readonly (string | null)[], label: string) =>
    answers.map((answer) => (label !== '' && answer === label ? 1 : 0));
  return {
    labelForOriginal,
    labelForRephrased,
    original: graded(original, labelForOriginal),
    rephrased: graded(rephrased, labelForRephrased),
  };
}

/** Share of the policy in the teacher's update of variant II, falling along half a cosine. */
export function teacherPolicyWeight(step: number, total: number, start = 0.01, end = 1e-5): number {
  return cosineAnneal(step, total, start, end);
}
