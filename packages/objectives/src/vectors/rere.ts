import { groupAdvantage } from '../advantages/group.js';
import { constrainedBeams, ItemTrie, keyOf } from '../decoding/item-trie.js';
import { broadcast } from '../columns.js';
import {
  rankRewards,
  rankTable,
  recommendationQuality,
  rere as method,
  type RankNormaliser,
  type RankRewards,
} from '../methods/rere.js';
import { klPenalty } from '../terms/kl.js';
import { sequenceMeans } from '../terms/aggregate.js';
import type { SlugAdapters } from './adapter.js';
import { logSoftmax } from './logits.js';
import { deviationOf, type DeviationParams } from './options.js';
import { batchOf, consecutiveGroups, evaluateFormula, rowsOf, type Matrix } from './padded.js';

const STD_EPSILON = 1e-4;

function advantagesOf(rewards: readonly number[]): Float64Array {
  const settings = { advantageScale: 'group', advantageEpsilon: STD_EPSILON } as const;
  return groupAdvantage(Float64Array.from(rewards), new Int32Array(rewards.length), settings);
}

function withTotal({ rule, ranking }: RankRewards) {
  return { rule, ranking, total: rule.map((value, i) => value + ranking[i]!) };
}

interface OnPolicyInputs {
  readonly logprobs: Matrix;
  readonly ref_logprobs: Matrix;
  readonly mask: Matrix;
}

/** The method's loss with given advantages, one a response. */
function onPolicyCase(
  inputs: OnPolicyInputs,
  advantages: ArrayLike<number>,
  settings: Readonly<Record<string, unknown>>,
) {
  const batch = batchOf(inputs.mask, { logProb: inputs.logprobs, refLogProb: inputs.ref_logprobs });
  const { loss, gradients } = method
    .create('rere', { ...settings, klKind: 'k3-unbounded' })
    .loss(batch, broadcast(batch, advantages));
  let meanKl = 0;
  evaluateFormula(batch, new Float64Array(batch.mask.length), ({ tape, logProb }) => {
    const kl = klPenalty(logProb, tape.column('refLogProb'), 'k3-unbounded');
    const means = sequenceMeans(tape, kl).data;
    meanKl = means.reduce((sum, value) => sum + value, 0) / means.length;
    return kl.sum(tape.batch);
  });
  return { loss, meanKl, gradient: rowsOf(batch, gradients.logProb!) };
}

const variants = {
  grpo: { level: 'token', aggregation: 'seq-mean-token-mean' },
  dapo: { level: 'token', aggregation: 'token-mean' },
  gspo: { level: 'sequence', aggregation: 'seq-mean-token-mean' },
} as const;

interface BeamParams {
  readonly eos: number;
  readonly num_beams: number;
  readonly length_penalty: number;
  readonly renormalise: boolean;
}

export const rere: SlugAdapters = {
  rere_rewards: (
    { items_in_beam_order: items, target }: { items_in_beam_order: readonly string[]; target: string },
    { group_size: size, normaliser = 'all' }: { group_size: number; normaliser?: RankNormaliser },
  ) => {
    const rewards = withTotal(rankRewards(items, target, { size, normaliser }));
    return {
      ...rewards,
      rank_table: rankTable(size),
      advantages: advantagesOf(rewards.total),
      advantages_rule_only: advantagesOf(rewards.rule),
    };
  },
  rere_rewards_paper: ({ hit_position }: { hit_position: number | null }, { group_size }: { group_size: number }) => {
    const items = Array.from({ length: group_size }, (_, i) => (i === hit_position ? 'target' : 'other'));
    return withTotal(rankRewards(items, 'target', { normaliser: 'negatives' }));
  },
  rere_loss: (
    { advantages, ...inputs }: OnPolicyInputs & { advantages: readonly number[] },
    { beta, variant }: { beta: number; variant: keyof typeof variants },
  ) => {
    const found = onPolicyCase(inputs, advantages, { klCoef: beta, ...variants[variant] });
    return { loss: found.loss, mean_kl: found.meanKl, grad_logprobs: found.gradient };
  },
  trie_next_tokens: ({ items }: { items: Matrix }, { eos }: { eos: number }) => ({
    next: Object.fromEntries(new ItemTrie(items, eos).entries()),
  }),
  constrained_beam_search: (
    { items, logits_by_prefix }: { items: Matrix; logits_by_prefix: Readonly<Record<string, readonly number[]>> },
    { eos, num_beams: beams, length_penalty: lengthPenalty, renormalise }: BeamParams,
  ) => {
    const logProbs = (prefix: readonly number[]) => logSoftmax(logits_by_prefix[keyOf(prefix)]!);
    return { beams: constrainedBeams(new ItemTrie(items, eos), logProbs, { beams, lengthPenalty, renormalise }) };
  },
  hr_ndcg: (
    { predictions, targets }: { predictions: readonly (readonly string[])[]; targets: readonly string[] },
    { k }: { k: readonly number[] },
  ) => {
    const at = k.map((count) => [String(count), recommendationQuality(predictions, targets, count)] as const);
    return {
      hr: Object.fromEntries(at.map(([count, { hitRate }]) => [count, hitRate])),
      ndcg: Object.fromEntries(at.map(([count, { ndcg }]) => [count, ndcg])),
    };
  },
};

interface GroupedParams extends DeviationParams {
  readonly group_size: number;
  readonly beta: number;
  readonly std_eps: number;
}

/** CLS-RL trains with the same loss. */
export const clsRl: SlugAdapters = {
  grpo_k3_seqmean_loss: (
    { rewards, ...inputs }: OnPolicyInputs & { rewards: readonly number[] },
    { group_size, beta, std_eps, ...deviation }: GroupedParams,
  ) => {
    const groups = Int32Array.from(consecutiveGroups(rewards.length, group_size));
    const advantages = groupAdvantage(Float64Array.from(rewards), groups, {
      advantageScale: 'group',
      advantageEpsilon: std_eps,
      advantageStd: deviationOf(deviation),
    });
    const { loss, gradient } = onPolicyCase(inputs, advantages, { klCoef: beta });
    return { advantages, loss, grad: gradient };
  },
};
