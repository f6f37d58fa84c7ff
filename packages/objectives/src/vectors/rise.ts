import { gae } from '../advantages/returns.js';
import { tokenRewards } from '../advantages/token-rewards.js';
import { whiten } from '../advantages/whiten.js';
import { selectionCounts } from '../schedules/verification-selection.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { Aggregation } from '../terms/aggregate.js';
import type { SlugAdapters } from './adapter.js';
import { logProbCase, type LogProbInputs } from './clip-loss.js';
import { batchOf, flatten, rowsOf, type Matrix } from './padded.js';

interface GaeInputs {
  readonly rewards: readonly number[];
  /** Log-ratio to the reference. */
  readonly kl: Matrix;
  readonly values: Matrix;
  readonly mask: Matrix;
}

interface GaeParams {
  readonly gamma: number;
  readonly lam: number;
  readonly kl_coef: number;
  readonly whiten: boolean;
}

function gaeCase({ rewards, kl, values, mask }: GaeInputs, params: GaeParams) {
  const refLogProb = mask.map((row) => row.map(() => 0));
  const batch = batchOf(mask, { oldLogProb: kl, refLogProb }, { rewards });
  const scores = tokenRewards(batch, { rewardSource: 'outcome', rewardKlCoef: params.kl_coef });
  const { advantages, returns } = gae(batch, scores, flatten(values), params.gamma, params.lam);
  return {
    token_rewards: rowsOf(batch, scores),
    advantages: rowsOf(batch, params.whiten ? whiten(batch, advantages) : advantages),
    returns: rowsOf(batch, returns),
  };
}

export const rise: SlugAdapters = {
  riseSelectionCounts: (
    { total }: { total: number },
    { group_size, num_selected }: { group_size: number; num_selected: number },
  ) => ({ per_group: selectionCounts(total, group_size, num_selected) }),
  riseGae: gaeCase,
  risePolicyLoss: (inputs: LogProbInputs, { clip, agg }: { clip: number; agg: Aggregation }) =>
    logProbCase(inputs, agg, (context) => clippedLoss(context, tokenRatio(context), { clipLow: clip, clipHigh: clip })),
};
