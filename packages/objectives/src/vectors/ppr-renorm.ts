import { gae } from '../advantages/returns.js';
import { whiten } from '../advantages/whiten.js';
import { turnRewards } from '../methods/ppr-renorm.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf } from './padded.js';

interface TurnInputs {
  /** Last token of each turn. */
  readonly turn_ends: readonly number[];
  readonly outcome: number;
  /** Of all turns but the last; null: the judge failed. */
  readonly process: readonly (number | null)[];
  readonly length: number;
}

function rewardCase(
  { turn_ends, outcome, process, length }: TurnInputs,
  { beta, renorm }: { beta: number; renorm: boolean },
) {
  const each = (value: (token: number) => number) => Array.from({ length }, (_, token) => value(token));
  const turnOf = each((token) => turn_ends.findIndex((end) => token <= end));
  const mask = turnOf.map((turn) => (turn < 0 ? 0 : 1));
  const scores = turnOf.map((turn, token) => (token === turn_ends[turn] ? (process[turn] ?? NaN) : 0));
  const batch = batchOf([mask], { segment: [turnOf], tokenRewards: [scores] }, { rewards: [outcome] });
  const rewards = (centred: boolean) => Array.from(turnRewards(batch, { renorm: centred, beta, failedJudge: 'zero' }));
  return { token_rewards: rewards(renorm), token_rewards_without_renorm: rewards(false) };
}

interface GaeInputs {
  readonly token_rewards: readonly number[];
  readonly values: readonly number[];
  readonly mask: readonly number[];
}

export const pprRenorm: SlugAdapters = {
  pprTokenRewards: rewardCase,
  pprGae: ({ token_rewards, values, mask }: GaeInputs, params: { gamma: number; lam: number; whiten: boolean }) => {
    const batch = batchOf([mask], {});
    const [rewards, baseline] = [Float64Array.from(token_rewards), Float64Array.from(values)];
    const { advantages, returns } = gae(batch, rewards, baseline, params.gamma, params.lam);
    return {
      advantages: Array.from(params.whiten ? whiten(batch, advantages) : advantages),
      returns: Array.from(returns),
    };
  },
};
