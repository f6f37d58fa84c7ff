import {
  majorityLabel,
  misalignedVote,
  responseConfidence,
  selectGroupSize,
  splitSteps,
  subgroupLabels,
  tokenConfidence,
  type Span,
} from '../methods/scope.js';
import { weightedVote } from '../shaping/majority-vote.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';

/** What the official code calls a label that nobody voted for. */
const NONE = 'None';

type Answers = readonly (string | null)[];

interface Rounding {
  readonly round_digits: number;
}

interface Candidate {
  readonly group_size: number;
  readonly reward_rate: number;
  readonly diversity: number;
}

export const scope: SlugAdapters = {
  split_steps: ({ tokens }: { tokens: readonly string[] }, { delimiter }: { delimiter: string }) => ({
    steps: splitSteps(tokens, delimiter),
  }),
  token_confidence: ({ topk_logprobs }: { topk_logprobs: Matrix }, { round_digits }: Rounding) => ({
    confidence: tokenConfidence(topk_logprobs, round_digits),
  }),
  response_confidence: (
    { steps, topk_logprobs }: { steps: readonly Span[]; topk_logprobs: Matrix },
    { round_digits }: Rounding,
  ) => {
    const confidence = tokenConfidence(topk_logprobs, round_digits);
    return {
      avg_step_confidence: responseConfidence(steps, confidence),
      avg_token_confidence: responseConfidence([[0, confidence.length]], confidence),
    };
  },
  confidence_vote: ({ answers, confidence }: { answers: Answers; confidence: readonly number[] }) => {
    const { label, scores } = weightedVote(answers, confidence);
    return {
      label: label ?? NONE,
      scores: Object.fromEntries(scores),
      label_repo_misaligned: misalignedVote(answers, confidence).label ?? NONE,
    };
  },
  majority_vote: ({ answers }: { answers: Answers }) => {
    const { label, ratio } = majorityLabel(answers);
    return { label: label ?? NONE, majority_ratio: ratio };
  },
  subgroup_labels: (
    inputs: { answers: Answers; confidence: readonly number[]; sampled_indices: Matrix },
    { group_size }: { group_size: number },
  ) => {
    const found = subgroupLabels(inputs.answers, inputs.confidence, inputs.sampled_indices, group_size);
    return {
      subgroup_labels: found.blockLabels.map((label) => label ?? NONE),
      labels: found.labels.map((label) => label ?? NONE),
      rewards: found.rewards,
      reward_rate: found.rewardRate,
      diversity: found.diversity,
    };
  },
  pareto_select: ({ candidates }: { candidates: readonly Candidate[] }, { lam }: { lam: number }) =>
    selectGroupSize(
      candidates.map(({ group_size, reward_rate, diversity }) => ({
        groupSize: group_size,
        rewardRate: reward_rate,
        diversity,
      })),
      lam,
    ),
};
