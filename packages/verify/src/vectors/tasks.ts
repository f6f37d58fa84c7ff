/** @file Adapters of cards that define tasks with their rewards: causal queries, text infilling, perception, dialogue. */
import { causalScore } from '../rewards/causal-testbed.js';
import { counterfactual, interventional, observational } from '../rewards/structural-causal-model.js';
import type { StructuralCausalModel } from '../rewards/structural-causal-model.js';
import { parseJudgeScore, segmentExamples, segmentReward } from '../rewards/rlpt.js';
import { extractCommand, pretrainZeroStep, validateMask } from '../rewards/pretrain-zero.js';
import {
  binaryF1,
  moderationReward,
  monteCarloProbability,
  recallAtPrecision,
  sigmoidScaling,
} from '../rewards/content-moderation.js';
import { keepsQuestion, observationReasoningReward, parseActionTrace, realignEvents } from '../rewards/rewatch-r1.js';
import {
  mcnemarExact,
  ngramPenalty,
  perceptionFormat,
  perceptionTotal,
  visualScores,
} from '../rewards/perception-r1.js';
import { emotionEpisode, emotionReward, hasThinkReply, parseEmotionChange } from '../rewards/rlver.js';
import { medsamReward, type Mask } from '../rewards/medsam-agent.js';
import { alphaRewards } from '../rewards/alpha-align.js';
import { inverseReward, type Action } from '../rewards/rlir.js';
import { assembleItem, boxedLetterReward } from '../rewards/golden-goose.js';
import { progressiveReward, shortAnswerScore } from '../rewards/prs-vspo.js';
import { standardize } from '../rewards/statistics.js';
import { plateauLengthReward } from '../text/length-shaping.js';
import type { SlugAdapters } from './adapter.js';

interface CausalQueries {
  readonly scm: StructuralCausalModel;
  readonly queries: readonly (readonly number[])[];
}

export const causalTestbed = {
  causal_score: (
    { texts, ground_truth }: { texts: readonly string[]; ground_truth: readonly (readonly number[])[] },
    { threshold }: { threshold: number },
  ) => ({ results: texts.map((text, index) => causalScore(text, ground_truth[index]!, threshold)) }),
  observational: ({ scm, queries }: CausalQueries) => ({
    results: queries.map(([o, x, k]) => {
      const { distribution, rounded, relevant } = observational(scm, o!, x!, k!);
      return { dist: distribution, rounded, relevant, size: relevant.length };
    }),
  }),
  interventional: ({ scm, queries }: CausalQueries) => ({
    results: queries.map(([j, c, k]) => {
      const { distribution, rounded, relevant } = interventional(scm, j!, c!, k!);
      return { dist: distribution, rounded, relevant, size: relevant.length };
    }),
  }),
  counterfactual: ({ scm, queries }: CausalQueries) => ({
    results: queries.map(([o, x, j, c, k]) => {
      const { distribution, rounded, relevant } = counterfactual(scm, o!, x!, j!, c!, k!);
      return { dist: distribution, rounded, size_twin: relevant.length };
    }),
  }),
} as const satisfies SlugAdapters;

export const rlpt = {
  make_examples: (
    { segments }: { segments: readonly string[] },
    { min_words, reference_segments }: { min_words: number; reference_segments: number },
  ) => ({ examples: segmentExamples(segments, min_words, reference_segments) }),
  segment_reward: (inputs: { output: string; reference_segments: readonly string[] }) => {
    const { prediction, prefix, strict } = segmentReward(inputs.output, inputs.reference_segments);
    return { prediction, prefix_reward: prefix, strict_reward: strict };
  },
  parse_judge: ({ text }: { text: string }) => ({ reward: parseJudgeScore(text) }),
} as const satisfies SlugAdapters;

export const pretrainZero = {
  validate_mask: (
    { paragraph, mask }: { paragraph: string; mask: string },
    params: { max_occurrences_exclusive: number },
  ) => {
    const { count, valid, masked } = validateMask(paragraph, mask, params.max_occurrences_exclusive);
    return { count, valid, masked_all: masked };
  },
  extract_command: ({ text }: { text: string }, { command }: { command: string }) => ({
    value: extractCommand(text, command),
  }),
  pretrain_zero_step: (
    { prediction_rewards }: { prediction_rewards: readonly (readonly number[] | null)[] },
    { eps }: { eps: number },
  ) => {
    const step = pretrainZeroStep(prediction_rewards, eps);
    return {
      accuracy: step.accuracy,
      generator_rewards: step.generatorRewards,
      prediction_group_kept: step.predictionKept,
      prediction_advantages: step.predictionAdvantages,
      generator_group_kept: step.generatorKept,
      generator_advantages: step.generatorAdvantages,
    };
  },
} as const satisfies SlugAdapters;

interface LengthLimits {
  readonly len_min: number;
  readonly len_target: number;
  readonly len_max: number;
}

interface ModerationRow {
  readonly pred: number;
  readonly gold: number;
  readonly length: number;
  readonly rubric: number;
  readonly format_ok: boolean;
}

const groupEps = 1e-6;

export const contentModeration = {
  moderation_reward: (
    { rollouts }: { rollouts: readonly ModerationRow[] },
    params: LengthLimits & { weights: { acc: number; fmt: number; len: number; rub: number } },
  ) => {
    const { acc, fmt, len, rub } = params.weights;
    const shape = {
      weights: { accuracy: acc, format: fmt, length: len, rubric: rub },
      length: { least: params.len_min, target: params.len_target, most: params.len_max },
    };
    const reward = rollouts.map(({ pred, gold, length, rubric, format_ok }) =>
      moderationReward({ predicted: pred, gold, length, rubric, parsed: format_ok }, shape),
    );
    return { reward, advantage: standardize(reward, groupEps) };
  },
  length_reward: ({ length }: { length: number }, { len_min, len_target, len_max }: LengthLimits) => ({
    reward: plateauLengthReward(length, len_min, len_target, len_max),
  }),
  monte_carlo_probability: (inputs: { label_probabilities: readonly number[] }) =>
    monteCarloProbability(inputs.label_probabilities),
  sigmoid_scaling: (
    { x }: { x: readonly number[] },
    curve: { asymptote: number; slope: number; midpoint: number; floor: number },
  ) => ({ y: x.map((each) => sigmoidScaling(each, curve)) }),
  recall_at_precision: (
    { probability, label }: { probability: readonly number[]; label: readonly number[] },
    { precision }: { precision: number },
  ) => ({ recall: recallAtPrecision(probability, label, precision) }),
  f1: ({ pred, label }: { pred: readonly number[]; label: readonly number[] }) => ({ f1: binaryF1(pred, label) }),
} as const satisfies SlugAdapters;

interface Verdicts {
  readonly r_acc: number;
  readonly obs_verdicts: readonly number[];
  readonly r_rea: number;
  readonly r_fmt: number;
}

export const rewatchR1 = {
  rewatch_parse: ({ texts }: { texts: readonly string[] }) => ({ results: texts.map(parseActionTrace) }),
  rewatch_or_reward: ({ rows }: { rows: readonly Verdicts[] }, { std_eps }: { std_eps: number }) => {
    const results = rows.map(({ r_acc, obs_verdicts, r_rea, r_fmt }) => {
      const verdicts = { accuracy: r_acc, observations: obs_verdicts, reasoning: r_rea, format: r_fmt };
      const { observation, reasoning, total } = observationReasoningReward(verdicts);
      return { r_obs: observation, r_rea: reasoning, total };
    });
    return {
      results,
      advantages: standardize(
        results.map(({ total }) => total),
        std_eps,
      ),
    };
  },
  rewatch_qa_filter: (
    inputs: { items: readonly { verified: boolean; probe_text_only: number[]; probe_summary: number[] }[] },
    { theta_text, theta_sum }: { theta_text: number; theta_sum: number },
  ) => ({
    keep: inputs.items.map(({ verified, probe_text_only, probe_summary }) =>
      keepsQuestion(
        { verified, textOnly: probe_text_only, summary: probe_summary },
        { text: theta_text, summary: theta_sum },
      ),
    ),
  }),
  rewatch_realign: (inputs: { segments: readonly (readonly [number, readonly (readonly [number, string])[]])[] }) => ({
    events: realignEvents(inputs.segments),
  }),
} as const satisfies SlugAdapters;

export const perceptionR1 = {
  visual_scores: ({ judge_texts }: { judge_texts: readonly string[] }, { eps }: { eps: number }) => ({
    results: judge_texts.map((text) => visualScores(text, eps)),
  }),
  ngram_penalty: (
    { texts }: { texts: readonly string[] },
    { ngram_size, max_penalty }: { ngram_size: number; max_penalty: number },
  ) => ({ penalties: texts.map((text) => ngramPenalty(text, ngram_size, max_penalty)) }),
  format_reward: ({ texts }: { texts: readonly string[] }) => ({ scores: texts.map(perceptionFormat) }),
  perception_total: (
    { components }: { components: readonly (readonly [number, number, number, number])[] },
    { w_acc, w_fmt, gamma, std_eps }: { w_acc: number; w_fmt: number; gamma: number; std_eps: number },
  ) => {
    const weights = { accuracy: w_acc, format: w_fmt, visual: gamma };
    const total = components.map(([accuracy, format, visual, repetition]) =>
      perceptionTotal({ accuracy, format, visual, repetition }, weights),
    );
    return { total, advantages: standardize(total, std_eps) };
  },
  mcnemar_exact: ({ discordant }: { discordant: readonly (readonly [number, number])[] }) => ({
    p: discordant.map(([b, c]) => mcnemarExact(b, c)),
  }),
} as const satisfies SlugAdapters;

interface EpisodeParameters {
  readonly init: number;
  readonly clamp: number | null;
  readonly max_turns: number;
  readonly fail_at: number;
  readonly fail_inclusive: boolean;
}

export const rlver = {
  rlver_parse_change: ({ texts }: { texts: readonly string[] }) => ({ changes: texts.map(parseEmotionChange) }),
  rlver_episode: ({ change_lists }: { change_lists: readonly (readonly number[])[] }, params: EpisodeParameters) => {
    const { init, clamp, max_turns, fail_at, fail_inclusive } = params;
    const rules = { initial: init, clamp, maxTurns: max_turns, failAt: fail_at, failInclusive: fail_inclusive };
    return { results: change_lists.map((changes) => emotionEpisode(changes, rules)) };
  },
  rlver_reward: (inputs: { final_emotion: readonly number[]; format_ok: readonly boolean[] }) => ({
    rewards: inputs.final_emotion.map((emotion, index) => emotionReward(emotion, inputs.format_ok[index]!)),
  }),
  rlver_think_format: ({ texts }: { texts: readonly string[] }) => ({ ok: texts.map(hasThinkReply) }),
} as const satisfies SlugAdapters;

interface MedsamParameters {
  readonly format_weight: number;
  readonly quality_weight: number;
  readonly iou_weight: number;
  readonly dice_weight: number;
  readonly improvement_scale: number;
  readonly turn_penalty: number;
  readonly overshoot_scale: number;
}

export const medsamAgent = {
  medsam_reward: (
    { text, masks, gt }: { text: string; masks: readonly Mask[]; gt: Mask },
    params: MedsamParameters,
  ) => {
    const result = medsamReward(text, masks, gt, {
      format: params.format_weight,
      quality: params.quality_weight,
      iou: params.iou_weight,
      dice: params.dice_weight,
      improvement: params.improvement_scale,
      turnPenalty: params.turn_penalty,
      overshoot: params.overshoot_scale,
    });
    return {
      score: result.score,
      iou: result.iou,
      dice: result.dice,
      format_reward: result.format,
      progression_penalty: result.penalty,
      improvement_bonus: result.improvement,
      combined_quality: result.quality,
      iou_per_turn: result.iouPerTurn,
      dice_per_turn: result.dicePerTurn,
    };
  },
} as const satisfies SlugAdapters;

export const alphaAlign = {
  alpha_reward: (
    inputs: { outputs: readonly string[]; harmful: boolean; helpfulness: readonly number[] | null },
    { r_f, r_a, std_eps }: { r_f: number; r_a: number; std_eps: number },
  ) => alphaRewards(inputs.outputs, inputs.harmful, inputs.helpfulness, { format: r_f, refusal: r_a, eps: std_eps }),
} as const satisfies SlugAdapters;

interface MaskedItemInputs {
  readonly masked_text: string;
  readonly truth: string;
  readonly distractors: readonly string[];
  readonly permutation: readonly number[];
}

export const goldenGoose = {
  assemble_mcq: (
    { masked_text, truth, distractors, permutation }: MaskedItemInputs,
    { n_options }: { n_options: number },
  ) => {
    const item = assembleItem(masked_text, truth, distractors, permutation, n_options);
    return item === null ? { valid: false } : { valid: true, ...item };
  },
  mcq_reward: ({ text, gold }: { text: string; gold: string }, { n_options }: { n_options: number }) =>
    boxedLetterReward(text, gold, n_options),
} as const satisfies SlugAdapters;

export const prsVspo = {
  prsLengthAwareBleu: (
    { pairs }: { pairs: readonly (readonly [string, string])[] },
    { max_order }: { max_order: number },
  ) => ({ score: pairs.map(([candidate, reference]) => shortAnswerScore(candidate, [reference], max_order)) }),
  prsReward: (
    { rows }: { rows: readonly (readonly [number, number, number])[] },
    { weights }: { weights: readonly [number, number, number] },
  ) => ({
    reward: rows.map(([calls, format, score]) => progressiveReward(calls === 1, format === 1, score, weights)),
  }),
} as const satisfies SlugAdapters;

export const rlir: SlugAdapters = {
  rlir_inverse_reward: ({ pairs }: { pairs: readonly { pred: readonly Action[]; true: readonly Action[] }[] }) => ({
    results: pairs.map((pair) => {
      const { frames, reward, componentReward } = inverseReward(pair.pred, pair.true);
      return { frame_exact: frames, reward, component_reward: componentReward };
    }),
  }),
};
