/**
 * AnytimeReasoner, reward at every thinking budget (arXiv 2505.13438; brpo.py and core_algos.py of its repository).
 *
 *     thinking tokens: A_{g,s} of `budgetRelative` in segment s, the tokens between budgets s - 1 and s
 *     answer tokens:   A = R_i - mean of the answers at the same cut
 *     loss = sum of max(-A r, -A clip(r, 1 - e, 1 + e)) / (rollouts x T)
 *
 * A thought and every answer asked for on the way are rollouts of their own. The thoughts of one question form a group;
 * their tokens carry the number of their budget, 0 .. budgets - 1, in `segment`, and the mean verdict of the answers cut
 * there in `tokenRewards` at the last token of each segment. The answers of one cut form a group with `segment` -1 and
 * their verdicts as rewards. What is put in to break a thought off is under the mask. The official code keeps the answers
 * of budgets behind the end of a thought apart by budget; here they are one mean, which has the same expectation and less
 * variance (`budgetRelative` itself takes them apart). Normalisation: a constant. No standard deviation, no KL.
 */
import { budgetBaselines, budgetRelative, type BudgetBaseline } from '../advantages/budget-relative.js';
import { groupStatistics } from '../advantages/group.js';
import { tokenColumn } from '../columns.js';
import { objective } from '../define.js';
import { denseGroups } from '../groups.js';
import type { RolloutBatch } from '../objective.js';
import { choice, number } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

const priors = ['uniform', 'linear', 'last'] as const;

interface BudgetSettings {
  readonly budgets: number;
  readonly prior: (typeof priors)[number];
  readonly budgetBaseline: BudgetBaseline;
  readonly decay: number;
}

export const anytimeReasoner = objective({
  title: 'AnytimeReasoner',
  source: 'arXiv 2505.13438',
  kinds: ['credit assignment', 'advantage', 'reward'],
  summary: 'Answers cut off at several thinking budgets are judged; earlier budgets and the group are the baseline.',
  vectors: 'anytime-reasoner',
  settings: {
    budgets: number(4, 'thinking budgets, equally spaced', { min: 1, max: 1024 }),
    prior: choice('uniform', priors, 'weight of a budget: equal, growing with it, or all on the last'),
    budgetBaseline: choice('brpo', budgetBaselines, 'baseline of a segment'),
    decay: number(2, 'weight of a verdict over that of the budget before, in the baseline', { min: 0 }),
    ...clipRangeSettings,
    ...commonSettings({ aggregation: 'constant' }),
  },
  variants: [
    { prior: 'linear', budgetBaseline: 'group', budgets: 2 },
    { prior: 'last', budgetBaseline: 'earlier' },
    { budgetBaseline: 'none', budgets: 1 },
  ],
  needs: (settings) => ['oldLogProb', 'segment', 'tokenRewards', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: segmentAdvantages,
  loss: (context, settings) => totalLoss(context, clippedLoss(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
  exempt: { 'zero-signal': 'the verdicts at the budgets may differ where the final rewards agree' },
});

/** [S] Weight of each budget, sum 1. */
export function budgetPrior(budgets: number, prior: BudgetSettings['prior']): number[] {
  const weights = Array.from({ length: budgets }, (_, s) => {
    if (prior === 'last') return s === budgets - 1 ? 1 : 0;
    return prior === 'linear' ? s + 1 : 1;
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function segmentAdvantages(batch: RolloutBatch, settings: BudgetSettings): Float64Array {
  const { offsets, mask, rewards } = batch;
  const budgets = Math.round(settings.budgets);
  const prior = budgetPrior(budgets, settings.prior);
  const segment = tokenColumn(batch, 'segment');
  const verdicts = Array.from(rewards, (_, rollout) => verdictsAt(batch, rollout, budgets));
  const { index, count: groups } = denseGroups(batch.group);
  const thoughts: number[][] = Array.from({ length: groups }, () => []);
  verdicts.forEach((row, rollout) => row && thoughts[index[rollout]!]!.push(rollout));
  const answers = groupStatistics(
    rewards.map((reward, i) => (verdicts[i] ? NaN : reward)),
    batch.group,
  );
  const out = new Float64Array(mask.length);
  const write = (rollout: number, advantage: (token: number) => number) => {
    for (let token = offsets[rollout]!; token < offsets[rollout + 1]!; token++) {
      if (mask[token] !== 0) out[token] = advantage(token);
    }
  };
  for (const members of thoughts) {
    const rows = members.map((rollout) => verdicts[rollout]!);
    const credit = budgetRelative(rows, prior, settings.budgetBaseline, settings.decay);
    members.forEach((rollout, g) =>
      write(rollout, (token) => credit.advantages[g]![Math.min(Math.max(segment[token]!, 0), budgets - 1)]!),
    );
  }
  rewards.forEach((reward, rollout) => {
    if (verdicts[rollout] || Number.isNaN(reward)) return;
    const advantage = answers.count[index[rollout]!]! > 1 ? reward - answers.mean[index[rollout]!]! : reward;
    write(rollout, () => advantage);
  });
  return out;
}

/**
 * [budgets] Mean verdict of a thought at each budget: that of the last token reached by then, 0 where nothing was. Not
 * for answers, for what was not scored, and for rollouts without a token.
 */
function verdictsAt(batch: RolloutBatch, rollout: number, budgets: number): number[] | undefined {
  const { offsets, mask, rewards } = batch;
  const segment = tokenColumn(batch, 'segment');
  const scores = tokenColumn(batch, 'tokenRewards');
  const found = new Array<number | undefined>(budgets).fill(undefined);
  let thinks = false;
  for (let token = offsets[rollout]!; token < offsets[rollout + 1]!; token++) {
    if (mask[token] === 0 || segment[token]! < 0) continue;
    thinks = true;
    found[Math.min(Math.floor(segment[token]!), budgets - 1)] = scores[token]!;
  }
  if (!thinks || Number.isNaN(rewards[rollout])) return undefined;
  let verdict = 0;
  return found.map((score) => (verdict = score ?? verdict));
}
