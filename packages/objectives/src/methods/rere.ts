/**
 * ReRe, reinforced preference optimisation for recommendation (arXiv 2510.12211; rere.py, rere_trainer.py of its
 * repository).
 *
 *     group: the items of a beam search within the item trie (decoding/item-trie.ts), best first, i its place from 0
 *     R_i  = [item_i = target] + rank_i, rank_i = 0 for the target and tau_i for the others, if the target is there
 *     tau_i = -(1 / log2(i + 2)) / sum over j < G of 1 / log2(j + 2)
 *     A_i  = (R_i - mean_g) / (std_g + 1e-4)
 *     loss = mean over rollouts of mean over tokens of -A_i r_t + beta k3_t, r_t = exp(log pi - sg(log pi)) = 1
 *
 * A group without the target has reward 0 throughout. The paper's ranking reward (`negatives`) divides by the weights of
 * the others only, so that they share exactly -1; the code (`all`, the default) by a fixed table. Beams are not samples:
 * the gradient is biased towards the likely end, which the small learning rate and the KL hold. Log-probs in the loss are
 * over the whole vocabulary although decoding was constrained. Rewards need the order of the beams. `klCoef` is 1e-3 in
 * the paper, default 0 so that no reference is asked for; its k3 has no bound. CLS-RL (arXiv 2503.16188) has the same loss with klCoef 0.04.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { choice, withDefaults } from '../settings.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { onPolicyLoss } from '../terms/on-policy.js';

export const rere = objective({
  title: 'ReRe',
  source: 'arXiv 2510.12211',
  kinds: ['reward', 'policy loss'],
  summary: 'The group is a beam search over an item trie; wrong items pay the more the higher they rank.',
  vectors: 'rere',
  settings: {
    ...withDefaults(groupAdvantageSettings, { advantageEpsilon: 1e-4 }),
    level: choice(
      'token',
      ['token', 'sequence'],
      'whether the ratio, which is 1, carries gradient by token or response',
    ),
    ...commonSettings({ aggregation: 'seq-mean-token-mean' }),
  },
  variants: [{ level: 'sequence' }, { klCoef: 1e-3, aggregation: 'token-mean' }],
  stopsGradient: 'the log-prob that the ratio divides by',
  needs: commonNeeds,
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, onPolicyLoss(context, settings.level), settings),
});

export const rankNormalisers = ['all', 'negatives'] as const;

export type RankNormaliser = (typeof rankNormalisers)[number];

/** [size] tau above: what each place of a group costs that holds another item; it sums to -1. */
export function rankTable(size: number): number[] {
  const weights = Array.from({ length: size }, (_, i) => 1 / Math.log2(i + 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => -weight / total);
}

export interface RankRewards {
  /** [items] 1 for the target, and the ranking reward. */
  readonly rule: number[];
  readonly ranking: number[];
}

/**
 * Rewards of a group of items in the order of their beams. Items are compared as text without line breaks and quotes
 * around it. `size`: the group size that the table is made for; groups may have fewer items.
 */
export function rankRewards(
  items: readonly string[],
  target: string,
  { size = items.length, normaliser = 'all' }: { readonly size?: number; readonly normaliser?: RankNormaliser } = {},
): RankRewards {
  const wanted = bare(target);
  const isHit = items.map((item) => bare(item) === wanted);
  const table = rankTable(size);
  const rule = isHit.map((hit) => (hit ? 1 : 0));
  if (!isHit.includes(true)) return { rule, ranking: items.map(() => 0) };
  const others = table.slice(0, items.length).reduce((sum, value, i) => (isHit[i] ? sum : sum - value), 0);
  const divisor = normaliser === 'all' ? 1 : others;
  return { rule, ranking: items.map((_, i) => (isHit[i] ? 0 : table[i]! / divisor)) };
}

function bare(item: string): string {
  return item.replace(/^[\n"]+/, '').replace(/[\n"]+$/, '');
}

export interface RecommendationQuality {
  /** Share of users whose target is among the first k. */
  readonly hitRate: number;
  /** Mean of 1 / log2(rank + 1) of the target, 0 behind place k. */
  readonly ndcg: number;
}

/** HR@k and NDCG@k over users, one relevant item each. */
export function recommendationQuality(
  predictions: readonly (readonly string[])[],
  targets: readonly string[],
  k: number,
): RecommendationQuality {
  const ranks = predictions.map((items, user) => items.slice(0, k).indexOf(targets[user]!) + 1);
  const users = Math.max(ranks.length, 1);
  const sum = (of: (rank: number) => number) => ranks.reduce((total, rank) => total + (rank > 0 ? of(rank) : 0), 0);
  return { hitRate: sum(() => 1) / users, ndcg: sum((rank) => 1 / Math.log2(rank + 1)) / users };
}
