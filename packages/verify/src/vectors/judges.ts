/** @file Adapters of cards about judges: verdicts, agreement, scores and votes of reward models. */
import {
  cascadeVerdict,
  annotatorAgreement,
  overallMetrics,
  parseVerdict,
  verifierMetrics,
} from '../rewards/verifybench.js';
import type { DomainRows, JudgedVerdict } from '../rewards/verifybench.js';
import {
  cohensKappa,
  falsePositiveRates,
  firstSentenceNegative,
  isDegenerateResponse,
  parseYesNoVerdict,
} from '../rewards/one-token-judge.js';
import {
  keepSamples,
  majorityVote,
  metaVote,
  parseScores,
  ranksBestFirst,
  rankingReward,
  unshuffleScores,
  vote,
} from '../rewards/spct.js';
import type { SampleScores } from '../rewards/spct.js';
import { consensusKeep, evidenceHolds, genRmReward, partialRatio, yesNoReward } from '../rewards/rlbff.js';
import { argumentF1, critiqueReward, parseSimilarityScores, structuredCoreF1 } from '../rewards/rm-nlhf.js';
import type { CritiqueArgument, ProcessMode } from '../rewards/rm-nlhf.js';
import { answerReward, incorrectDetection, judgementReward } from '../rewards/trm.js';
import {
  auroc,
  behaviourRates,
  expectedCalibrationError,
  factualityAggregate,
  parseGrade,
  parseYesNo,
} from '../rewards/hallucination.js';
import type { BehaviourRow, Grade } from '../rewards/hallucination.js';
import { finalStep, verifierReward, yesNoMass, type SoftRewardMode } from '../rewards/cross-domain-rm.js';
import type { SlugAdapters } from './adapter.js';

interface InvalidRule {
  readonly invalid: 'wrong' | 'drop';
}

export const verifybench = {
  parseVerdict: ({ output }: { output: string }, { style }: { style: 'word' | 'last' }) => ({
    verdict: parseVerdict(output, style),
  }),
  verifierMetrics: (
    { labels, verdicts }: { labels: readonly number[]; verdicts: readonly JudgedVerdict[] },
    { invalid }: InvalidRule,
  ) => verifierMetrics(labels, verdicts, invalid),
  overallMetrics: ({ domains }: { domains: Readonly<Record<string, DomainRows>> }, { invalid }: InvalidRule) =>
    overallMetrics(domains, invalid),
  annotatorAgreement: ({ a, b }: { a: readonly number[]; b: readonly number[] }) => annotatorAgreement(a, b),
  cascadeVerdict: (inputs: { recallStage: readonly number[]; precisionStage: readonly number[] }) =>
    cascadeVerdict(inputs.recallStage, inputs.precisionStage),
} as const satisfies SlugAdapters;

export const oneTokenJudge = {
  false_positive_rates: ({ verdicts }: { verdicts: readonly (readonly number[])[] }) => {
    const { perKey, average, worst } = falsePositiveRates(verdicts);
    return { per_key: perKey, average, worst };
  },
  cohens_kappa: ({ a, b }: { a: readonly number[]; b: readonly number[] }) => cohensKappa(a, b),
  parse_verdict: ({ text }: { text: string }) => parseYesNoVerdict(text),
  first_sentence_negative: ({ response }: { response: string }) => firstSentenceNegative(response),
  is_degenerate_response: ({ response }: { response: string }) => ({ degenerate: isDegenerateResponse(response) }),
} as const satisfies SlugAdapters;

export const spct = {
  rule_reward: ({ scores, gold }: { scores: SampleScores; gold: readonly number[] }) => ({
    correct: ranksBestFirst(scores, gold),
    reward: rankingReward(scores, gold),
  }),
  rft_keep: (inputs: { sampled_scores: readonly SampleScores[]; gold: readonly number[]; hinted: boolean }) => {
    const { correct, keep } = keepSamples(inputs.sampled_scores, inputs.gold, inputs.hinted);
    return { correct: correct.map(Number), keep: keep.map(Number) };
  },
  vote: ({ scores }: { scores: readonly SampleScores[] }) => vote(scores),
  meta_vote: (
    { scores, meta }: { scores: readonly SampleScores[]; meta: readonly number[] },
    { k_meta }: { k_meta: number },
  ) => metaVote(scores, meta, k_meta),
  majority_vote: ({ picks, n_responses }: { picks: readonly number[]; n_responses: number }) =>
    majorityVote(picks, n_responses),
  unshuffle_scores: (inputs: { permutation: readonly number[]; scores_as_shown: readonly number[] }) => ({
    scores: unshuffleScores(inputs.permutation, inputs.scores_as_shown),
  }),
  parse_scores: ({ text, n_responses }: { text: string; n_responses: number }) => {
    const scores = parseScores(text, n_responses);
    return scores === null ? { ok: false } : { ok: true, scores };
  },
} as const satisfies SlugAdapters;

export const rlbff = {
  yes_no_reward: (
    inputs: { scores: readonly (number | null)[]; yes_index: number; no_index: number },
    { floor }: { floor: number },
  ) => ({ reward: yesNoReward(inputs.scores, inputs.yes_index, inputs.no_index, floor) }),
  consensus_keep: (
    { embeddings }: { embeddings: readonly (readonly (readonly number[])[])[] },
    { threshold }: { threshold: number },
  ) => ({ keep: consensusKeep(embeddings, threshold).map((row) => row.map(Number)) }),
  evidence_ok: ({ span, feedback }: { span: string; feedback: string }, { threshold }: { threshold: number }) => ({
    partial_ratio: partialRatio(span, feedback),
    keep: evidenceHolds(span, feedback, threshold),
  }),
  genrm_reward: ({ reward, label }: { reward: readonly number[]; label: readonly number[] }) => ({
    out: reward.map((each, index) => genRmReward(each, label[index]!)),
  }),
} as const satisfies SlugAdapters;

export const rmNlhf = {
  argument_f1: (inputs: { n_reference: number; n_generated: number; true_positives: number }) =>
    argumentF1(inputs.n_reference, inputs.n_generated, inputs.true_positives),
  structured_core_f1: (inputs: { reference: readonly CritiqueArgument[]; generated: readonly CritiqueArgument[] }) =>
    structuredCoreF1(inputs.reference, inputs.generated),
  parse_similarity_scores: ({ text }: { text: string }) => {
    const scores = parseSimilarityScores(text);
    return scores === null ? { ok: false } : { ok: true, ...scores };
  },
  grm_reward: (
    inputs: { format_ok: boolean; predicted: string; gold: string; process_score: number | null },
    params: { lambda: number; threshold: number; mode: ProcessMode },
  ) => ({
    reward: critiqueReward(
      {
        isFormatted: inputs.format_ok,
        predicted: inputs.predicted,
        gold: inputs.gold,
        processScore: inputs.process_score,
      },
      params,
    ),
  }),
} as const satisfies SlugAdapters;

type Labels = readonly number[];

export const trm = {
  trm_rm_reward: (
    inputs: { faith_pred: Labels; faith_gold: Labels; correct_pred: Labels; correct_gold: Labels; format_ok: boolean },
    params: { alpha: number; incorrect_bonus: number },
  ) => {
    const { perSentence, reward } = judgementReward(
      { faithful: inputs.faith_pred, correct: inputs.correct_pred },
      { faithful: inputs.faith_gold, correct: inputs.correct_gold },
      inputs.format_ok,
      { alpha: params.alpha, incorrectBonus: params.incorrect_bonus },
    );
    return { per_sentence: perSentence, reward };
  },
  trm_policy_reward: (
    inputs: { sentence_correct: Labels; preference: number },
    params: { w_trm: number; w_pref: number },
  ) => {
    const weights = { trm: params.w_trm, preference: params.w_pref };
    const { perSentence, reward } = answerReward(inputs.sentence_correct, inputs.preference, weights);
    return { per_sentence: perSentence, reward };
  },
  incorrect_detection_f1: ({ pred, gold }: { pred: readonly Labels[]; gold: readonly Labels[] }) =>
    incorrectDetection(pred, gold),
} as const satisfies SlugAdapters;

export const hallucination = {
  parseGrade: ({ output }: { output: string }) => parseGrade(output),
  factualityAggregate: ({ grades }: { grades: readonly Grade[] }) => factualityAggregate(grades),
  parseYesNo: ({ output }: { output: string }) => ({ value: parseYesNo(output) }),
  behaviourRates: ({ rows }: { rows: readonly BehaviourRow[] }) => behaviourRates(rows),
  uncertaintyAlignment: (
    { confidence, correct }: { confidence: readonly number[]; correct: readonly number[] },
    { bins }: { bins: number },
  ) => ({ ece: expectedCalibrationError(confidence, correct, bins), auroc: auroc(confidence, correct) }),
} as const satisfies SlugAdapters;

export const crossDomainRm = {
  verifier_reward: (
    { p_yes, p_no, verdict }: { p_yes: number; p_no: number; verdict: string | null },
    { mode }: { mode: SoftRewardMode },
  ) => verifierReward({ yes: p_yes, no: p_no }, verdict, mode),
  yes_no_mass: ({ top_tokens }: { top_tokens: readonly (readonly [string, number])[] }) => {
    const { yes, no } = yesNoMass(top_tokens);
    return { p_yes: yes, p_no: no, soft: verifierReward({ yes, no }, null, 'ratio').soft };
  },
  final_step: ({ text }: { text: string }) => ({ line: finalStep(text) }),
} as const satisfies SlugAdapters;
