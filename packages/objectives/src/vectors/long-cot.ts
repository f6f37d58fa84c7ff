import {
  multiGammaAdvantages,
  multiGammaReturns,
  shareKlPenalty,
  type DiscountedReward,
} from '../advantages/multi-gamma.js';
import { outcomeAtEnd } from '../advantages/token-rewards.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { logProbCase } from './clip-loss.js';
import { batchOf, flatten, rowsOf, type Matrix } from './padded.js';

/** [B][T] one reward a token, or [B][T][M] several. */
type TokenRewards = readonly (readonly (number | readonly number[])[])[];

/** [M][tokens] */
function typesOf(rewards: TokenRewards): Float64Array[] {
  const tokens = rewards.flat().map((value) => (typeof value === 'number' ? [value] : value));
  return Array.from(tokens[0] ?? [], (_, m) => Float64Array.from(tokens, (token) => token[m]!));
}

function discounted(rewards: TokenRewards, gammas: readonly number[]): DiscountedReward[] {
  return typesOf(rewards).map((type, m) => ({ rewards: type, gamma: gammas[m]! }));
}

interface CombineInputs {
  readonly reward: readonly number[] | TokenRewards;
  readonly kl: Matrix;
  readonly mask: Matrix;
}

function combine(
  { reward, kl, mask }: CombineInputs,
  { klCoef, clipRange }: { klCoef: number; clipRange: readonly [number, number] | null },
) {
  const penalty = flatten(kl);
  const perToken = (reward as readonly unknown[]).every((row) => Array.isArray(row));
  if (!perToken) {
    const [low, high] = clipRange ?? [-Infinity, Infinity];
    const rewards = (reward as readonly number[]).map((value) => Math.min(Math.max(value, low), high));
    const batch = batchOf(mask, {}, { rewards });
    return { tokenRewards: rowsOf(batch, shareKlPenalty(outcomeAtEnd(batch), penalty, klCoef, 1)) };
  }
  const rows = reward as TokenRewards;
  const batch = batchOf(mask, {});
  const types = typesOf(rows);
  const shared = types.map((type) => shareKlPenalty(type, penalty, klCoef, types.length));
  if (rows.flat().every((value) => typeof value === 'number')) return { tokenRewards: rowsOf(batch, shared[0] ?? []) };
  const index = rowsOf(
    batch,
    Float64Array.from(penalty, (_, i) => i),
  );
  return { tokenRewards: index.map((row) => row.map((token) => shared.map((type) => type[token]!))) };
}

interface PpoInputs {
  readonly logprobs: Matrix;
  readonly oldLogprobs: Matrix;
  readonly advantages: Matrix;
  readonly mask: Matrix;
}

const aggregationOf = { 'sequence-mean': 'seq-mean-token-mean', 'token-mean': 'token-mean' } as const;

export const longCot: SlugAdapters = {
  multiGammaAdvantages: (
    { values, rewards, mask }: { values: Matrix; rewards: TokenRewards; mask: Matrix },
    { gammas, lambda_ }: { gammas: readonly number[]; lambda_: number },
  ) => {
    const batch = batchOf(mask, {});
    const result = multiGammaAdvantages(batch, discounted(rewards, gammas), flatten(values), lambda_);
    return { advantages: rowsOf(batch, result.advantages), returns: rowsOf(batch, result.returns) };
  },
  multiGammaReturns: (
    { rewards, mask }: { rewards: TokenRewards; mask: Matrix },
    { gammas }: { gammas: readonly number[] },
  ) => {
    const batch = batchOf(mask, {});
    return { returns: rowsOf(batch, multiGammaReturns(batch, discounted(rewards, gammas))) };
  },
  combineKlAndReward: combine,
  ppoPolicyLoss: (
    { logprobs, oldLogprobs, advantages, mask }: PpoInputs,
    { clipEps, aggregation }: { clipEps: number; aggregation: keyof typeof aggregationOf },
  ) => {
    const inputs = { logprobs, old_logprobs: oldLogprobs, advantages, mask };
    const range = { clipLow: clipEps, clipHigh: clipEps };
    const { loss, grad_logprobs } = logProbCase(inputs, aggregationOf[aggregation], (context) =>
      clippedLoss(context, tokenRatio(context), range),
    );
    return { loss, gradLogprobs: grad_logprobs };
  },
};
