/** @file Adapters of cards whose rewards are computed from texts: keyword chains, instructions, tools, choices, formats. */
import { contentReward, contentRewardMulti, chainReward, type KeyPoint, type StyleCheck } from '../rewards/rlvrr.js';
import { ngramRepetitionPenalty, raifJudge, raifRuleReward, superiorSamples } from '../rewards/raif.js';
import { answerVerify, episodeMetrics, toolStepReward, type ToolStep } from '../rewards/tool-envs.js';
import { buildPairChoice, orderConsistency, pairChoiceReward, type PairLetter } from '../rewards/vmr.js';
import { classRewards } from '../rewards/cls-rl.js';
import { explanationSimilarity, pathRewards, pathTokens, repetitionFactor } from '../rewards/kg-reward.js';
import { exactTaskReward, jigsawAnswer, jigsawBoxes, jigsawReward, positionCropRanges } from '../rewards/ssl4rl.js';
import { parseToolCalls } from '../structure/tool-calls.js';
import { matchKeywords } from '../text/keywords.js';
import { lcsLength } from '../text/overlap.js';
import type { SlugAdapters } from './adapter.js';

interface ChainInputs {
  readonly answer: string;
  readonly key_points: readonly KeyPoint[];
  readonly reference: string;
  readonly checks: readonly StyleCheck[];
}

export const rlvrr = {
  content_reward: ({ answer, key_points, reference }: ChainInputs) => ({
    reward: contentReward(answer, key_points, reference),
    matches_first: matchKeywords(key_points[0]?.[0] ?? [], answer),
  }),
  content_reward_multi: (inputs: {
    answer: string;
    key_points: readonly KeyPoint[];
    references: readonly string[];
  }) => ({
    reward: contentRewardMulti(inputs.answer, inputs.key_points, inputs.references),
  }),
  match_keywords: ({ keywords, text }: { keywords: readonly string[]; text: string }) => ({
    matches: matchKeywords(keywords, text),
  }),
  lcs_length: ({ a, b }: { a: readonly string[]; b: readonly string[] }) => ({ length: lcsLength(a, b) }),
  chain_reward: ({ answer, key_points, reference, checks }: ChainInputs) => {
    const { checksPassed, ...rest } = chainReward(answer, key_points, reference, checks);
    return { checks_passed: checksPassed, ...rest };
  },
} as const satisfies SlugAdapters;

interface RaifGroup {
  readonly with_cot: readonly number[];
  readonly without_cot: readonly number[];
  readonly per_response_ok: readonly boolean[];
}

export const raif = {
  raif_rule_reward: (
    { texts, followed }: { texts: readonly string[]; followed: readonly (readonly number[])[] },
    { format_reward, answer_reward }: { format_reward: number; answer_reward: number },
  ) => ({
    results: texts.map((text, index) =>
      raifRuleReward(text, followed[index]!.map(Boolean), { formatReward: format_reward, answerReward: answer_reward }),
    ),
  }),
  raif_judge: ({
    yes_no_logprobs,
  }: {
    yes_no_logprobs: readonly (readonly [readonly number[], readonly number[]])[][];
  }) => ({
    results: yes_no_logprobs.map((questions) => {
      const { accuracyReward, fraction, satisfied } = raifJudge(questions);
      return { accuracy_reward: accuracyReward, fraction, satisfied };
    }),
  }),
  raif_superior_filter: ({ groups }: { groups: readonly RaifGroup[] }) => ({
    keep: groups.map(({ with_cot, without_cot, per_response_ok }) => {
      const { withThought, withoutThought } = superiorSamples(with_cot, without_cot, per_response_ok);
      return { with_cot: withThought, without_cot: withoutThought };
    }),
  }),
  repetition_penalty_tokens: (
    { tokens }: { tokens: readonly (readonly number[])[] },
    { ngram, max_penalty, eps }: { ngram: number; max_penalty: number; eps: number },
  ) => ({ penalties: tokens.map((sequence) => ngramRepetitionPenalty(sequence, ngram, max_penalty, eps)) }),
} as const satisfies SlugAdapters;

export const toolEnvs = {
  toolStepReward: (step: ToolStep) => toolStepReward(step),
  answerVerify: ({ predict, golden }: { predict: string; golden: string }) => ({
    match: answerVerify(predict, golden),
  }),
  parseToolCalls: ({ text }: { text: string }) => parseToolCalls(text),
  episodeMetrics: ({ solved, calls, total }: { solved: number; calls: number; total: number }) =>
    episodeMetrics(solved, calls, total),
} as const satisfies SlugAdapters;

export const vmr = {
  build_choice: ({ chosen, rejected }: { chosen: string; rejected: string }, { swap }: { swap: boolean }) => {
    const { optionA, optionB, gold } = buildPairChoice(chosen, rejected, swap);
    return { option_A: optionA, option_B: optionB, gold };
  },
  choice_reward: ({ text, gold }: { text: string; gold: PairLetter }) => pairChoiceReward(text, gold),
  order_consistency: (inputs: {
    pick_chosen_first: readonly PairLetter[];
    pick_chosen_second: readonly PairLetter[];
  }) => {
    const { accuracyBoth, ...rest } = orderConsistency(inputs.pick_chosen_first, inputs.pick_chosen_second);
    return { ...rest, accuracy_both: accuracyBoth };
  },
} as const satisfies SlugAdapters;

export const clsRl = {
  cls_rl_rewards: ({ texts, solutions }: { texts: readonly string[]; solutions: readonly string[] }) => {
    const rewards = texts.map((text, index) => classRewards(text, solutions[index]!));
    return {
      accuracy: rewards.map((each) => each.accuracy),
      format: rewards.map((each) => each.format),
      no_thinking: rewards.map((each) => each.noThinking),
    };
  },
} as const satisfies SlugAdapters;

export const kgReward = {
  normalize_tokens: ({ text }: { text: string }) => ({ tokens: pathTokens(text) }),
  repetition_factor: ({ tokens }: { tokens: readonly string[] }, { threshold }: { threshold: number }) => ({
    factor: repetitionFactor(tokens, threshold),
  }),
  kg_rewards: ({ text, gold, path }: { text: string; gold: string; path: string | null }) => {
    const { thinkingQuality, ...rest } = pathRewards(text, gold, path);
    return { ...rest, thinking_quality: thinkingQuality };
  },
  semantic_similarity: ({ reference, thinking }: { reference: string; thinking: string }) => ({
    reward: explanationSimilarity(reference, thinking),
  }),
} as const satisfies SlugAdapters;

interface ScoredTexts {
  readonly texts: readonly string[];
  readonly ground_truth: readonly string[];
}

export const ssl4rl = {
  ssl4rl_score: ({ texts, ground_truth }: ScoredTexts) => ({
    scores: texts.map((text, index) => exactTaskReward(text, ground_truth[index]!)),
  }),
  jigsaw_score: ({ texts, ground_truth }: ScoredTexts) => ({
    scores: texts.map((text, index) => jigsawReward(text, ground_truth[index]!)),
  }),
  jigsaw_answer: ({ shown_order }: { shown_order: readonly (readonly number[])[] }) => ({
    answers: shown_order.map(jigsawAnswer),
  }),
  jigsaw_boxes: ({ hw, grid }: { hw: readonly (readonly [number, number])[]; grid: readonly number[] }) => ({
    boxes: hw.map(([height, width]) => grid.map((size) => jigsawBoxes(height, width, size))),
  }),
  position_crop_ranges: (
    { hw }: { hw: readonly (readonly [number, number])[] },
    { min_size, crop_min, crop_max }: { min_size: number; crop_min: number; crop_max: number },
  ) => ({
    ranges: hw.map(([height, width]) =>
      positionCropRanges(height, width, { minSize: min_size, cropMin: crop_min, cropMax: crop_max }),
    ),
  }),
} as const satisfies SlugAdapters;
