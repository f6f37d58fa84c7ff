/**
 * CAPO, credit by the wrong steps that critiques name (arXiv 2508.02298; no code released).
 *
 *     R_{i,t} = wholeWeight R_i - processWeight [t lies in a step voted wrong]
 *     A_{i,t} = (R_{i,t} - mu) / (sigma + 1e-6)                    over all response tokens of the group
 *     loss = sum of max(-A r, -A clip(r, 1 - e, 1 + e)) / tokens
 *
 * Every token weighs the same in mu and sigma (ddof 0), so long responses weigh more; a token's reward counts at that
 * token only, there is no return. The step errors come in the column `tokenRewards`: -1 at tokens of a wrong step, 0
 * elsewhere (`stepErrorColumn` writes it from the steps that `voteErrorSteps` leaves). With wholeWeight > processWeight
 * the outcome dominates. Right answers with a wrong step still differ from clean ones, so there is signal in groups of
 * equal outcome. Inferred: epsilon, ddof, token mean, clip bounds and that critiques which cannot be read are dropped.
 */
import { tokenColumn } from '../columns.js';
import { objective } from '../define.js';
import { denseGroups } from '../groups.js';
import type { RolloutBatch } from '../objective.js';
import { number } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const capo = objective({
  title: 'CAPO',
  source: 'arXiv 2508.02298',
  kinds: ['credit assignment', 'advantage', 'reward'],
  summary:
    'Tokens of steps that a vote of critiques calls wrong lose reward; standardised over all tokens of the group.',
  vectors: 'capo',
  settings: {
    wholeWeight: number(2, 'weight of the outcome', { min: 0 }),
    processWeight: number(1, 'weight of the column tokenRewards, which is -1 in wrong steps', { min: 0 }),
    advantageEpsilon: number(1e-6, 'added to the standard deviation', { min: 0 }),
    ...clipRangeSettings,
    ...commonSettings(),
  },
  needs: (settings) => ['oldLogProb', 'tokenRewards', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => {
    const process = tokenColumn(batch, 'tokenRewards');
    const rewards = new Float64Array(batch.mask.length);
    batch.rewards.forEach((reward, rollout) => {
      for (let token = batch.offsets[rollout]!; token < batch.offsets[rollout + 1]!; token++) {
        if (batch.mask[token] === 0) continue;
        rewards[token] = settings.wholeWeight * reward + settings.processWeight * process[token]!;
      }
    });
    return standardiseTokens(batch, rewards, settings.advantageEpsilon);
  },
  loss: (context, settings) => totalLoss(context, clippedLoss(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
  exempt: { 'zero-signal': 'wrong steps make tokens differ where outcomes agree, which is what the method is for' },
});

/**
 * [tokens] (x - mu_g) / (sigma_g + epsilon) over the tokens of a group that carry loss, every token weighing the same and
 * sigma with ddof 0. Rollouts without a scored outcome stay out and get 0, as do groups of equal tokens.
 */
export function standardiseTokens(batch: RolloutBatch, column: Float64Array, epsilon: number): Float64Array {
  const { offsets, mask, rewards } = batch;
  const { index, count } = denseGroups(batch.group);
  const [tokens, mean, squares] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  const low = new Float64Array(count).fill(Infinity);
  const high = new Float64Array(count).fill(-Infinity);
  const eachToken = (visit: (token: number, group: number) => void) => {
    for (let rollout = 0; rollout < index.length; rollout++) {
      if (Number.isNaN(rewards[rollout])) continue;
      for (let token = offsets[rollout]!; token < offsets[rollout + 1]!; token++) {
        if (mask[token] !== 0) visit(token, index[rollout]!);
      }
    }
  };
  eachToken((token, g) => {
    tokens[g]! += 1;
    mean[g]! += (column[token]! - mean[g]!) / tokens[g]!;
    low[g] = Math.min(low[g]!, column[token]!);
    high[g] = Math.max(high[g]!, column[token]!);
  });
  eachToken((token, g) => (squares[g]! += (column[token]! - mean[g]!) ** 2));
  const out = new Float64Array(column.length);
  eachToken((token, g) => {
    if (low[g] === high[g]) return;
    out[token] = (column[token]! - mean[g]!) / (Math.sqrt(squares[g]! / tokens[g]!) + epsilon);
  });
  return out;
}

export const voteModes = ['intersection', 'majority', 'union'] as const;

export type VoteMode = (typeof voteModes)[number];

/**
 * Steps that critiques agree are wrong, in rising order: named by all of them, by at least half (a tie counts), or by
 * any. A step named twice by one critique counts once. No critique: no wrong step.
 */
export function voteErrorSteps(critiques: readonly (readonly number[])[], mode: VoteMode): number[] {
  const votes = new Map<number, number>();
  for (const critique of critiques) for (const step of new Set(critique)) votes.set(step, (votes.get(step) ?? 0) + 1);
  const needed = { intersection: critiques.length, majority: critiques.length / 2, union: 1 }[mode];
  return [...votes]
    .filter(([, count]) => count >= needed)
    .map(([step]) => step)
    .sort((a, b) => a - b);
}

/**
 * [length] -1 at tokens of the wrong steps of one response, 0 elsewhere. `spans`: [from, to) of each step in tokens.
 * Steps that do not exist are passed over, tokens outside any step keep 0.
 */
export function stepErrorColumn(
  length: number,
  spans: readonly (readonly [number, number])[],
  errorSteps: readonly number[],
): Float64Array {
  const out = new Float64Array(length);
  for (const step of errorSteps) {
    const span = spans[step];
    if (span !== undefined) out.fill(-1, span[0], span[1]);
  }
  return out;
}
