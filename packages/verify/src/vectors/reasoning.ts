/** @file Adapters of cards on reasoning across domains: CrossThink, Guru, the multi-domain study, long chains of thought. */
import * as crossthinkRewards from '../rewards/crossthink.js';
import * as guruRewards from '../rewards/guru.js';
import * as longCotRewards from '../rewards/long-cot.js';
import * as multiDomainRewards from '../rewards/multi-domain.js';
import type { SlugAdapters } from './adapter.js';

export const crossthink: SlugAdapters = {
  crossthinkReward: ({ text, gold }: { text: string; gold: string }) => crossthinkRewards.crossthinkReward(text, gold),
  filterSamples: (
    { samples }: { samples: readonly crossthinkRewards.CrossthinkSample[] },
    { maxOpenWords }: { maxOpenWords: number },
  ) => ({ keep: crossthinkRewards.filterSamples(samples, maxOpenWords) }),
  blendWeights: (
    { datasets, scores }: { datasets: readonly crossthinkRewards.BlendSource[]; scores: readonly number[] | null },
    { scheme }: { scheme: crossthinkRewards.BlendScheme },
  ) => ({ weights: crossthinkRewards.blendWeights(datasets, scheme, scores) }),
  difficultyFilter: ({ smallModelCorrect }: { smallModelCorrect: readonly number[] }) => ({
    kept: crossthinkRewards.difficultyFilter(smallModelCorrect),
  }),
};

export const guru: SlugAdapters = {
  zebraReward: ({ text, groundTruth }: { text: string; groundTruth: guruRewards.ZebraGrid }) => ({
    score: guruRewards.zebraReward(text, groundTruth),
  }),
  orderingReward: ({ text, groundTruth }: { text: string; groundTruth: readonly string[] }) =>
    guruRewards.orderingReward(text, groundTruth),
  arcReward: ({ text, groundTruth }: { text: string; groundTruth: readonly (readonly number[])[] }) =>
    guruRewards.arcReward(text, groundTruth),
  codeIoReward: ({ text, groundTruth }: { text: string; groundTruth: string }) => ({
    score: guruRewards.codeIoReward(text, groundTruth),
  }),
  graphReward: ({ text, groundTruth }: { text: string; groundTruth: string }) => ({
    score: guruRewards.graphReward(text, groundTruth),
  }),
  stdoutMatch: ({ actual, expected }: { actual: string; expected: string }, { tolerance }: { tolerance: number }) => ({
    match: guruRewards.stdoutMatch(actual, expected, tolerance),
  }),
  passRateFilter: (
    { lowJson, highJson }: { lowJson: Record<string, number>; highJson: Record<string, number> },
    thresholds: { lowThreshold: number; highThreshold: number },
  ) => guruRewards.passRateFilter(lowJson, highJson, thresholds),
  substringDedup: ({ questions }: { questions: readonly string[] }) => ({
    kept: guruRewards.substringDedup(questions),
  }),
};

interface Lengths {
  readonly lengths: readonly number[];
  readonly correct: readonly number[];
}

interface CosineParameters {
  readonly correctAtZero: number;
  readonly correctAtMax: number;
  readonly wrongAtZero: number;
  readonly wrongAtMax: number;
  readonly exceed: number;
  readonly maxLength: number;
  readonly margin: number;
}

interface RepetitionParameters {
  readonly numActions: number;
  readonly ngram: number;
  readonly penalty: number;
  readonly onlyStart: boolean;
}

export const longCot: SlugAdapters = {
  cosineReward: ({ lengths, correct }: Lengths, params: CosineParameters) => {
    const shape = {
      correct: { atZero: params.correctAtZero, atLongest: params.correctAtMax },
      wrong: { atZero: params.wrongAtZero, atLongest: params.wrongAtMax },
      exceed: params.exceed,
      maxLength: params.maxLength,
      margin: params.margin,
    };
    return {
      rewards: lengths.map((length, index) => longCotRewards.cosineReward(length, correct[index] === 1, shape)),
    };
  },
  classicReward: ({ lengths, correct }: Lengths, shape: longCotRewards.ClassicShape) => ({
    rewards: lengths.map((length, index) => longCotRewards.classicReward(length, correct[index] === 1, shape)),
  }),
  repetitionPenalty: (
    { tokens, lengths }: { tokens: readonly (readonly number[])[]; lengths: readonly number[] },
    { numActions, ngram, penalty, onlyStart }: RepetitionParameters,
  ) => ({
    rewards: tokens.map((row, index) =>
      longCotRewards.repetitionPenalty(row.slice(0, lengths[index]), { size: numActions, ngram, penalty, onlyStart }),
    ),
  }),
  repetitionPenaltySparse: (
    { text }: { text: string },
    { ngram, maxPenalty }: { ngram: number; maxPenalty: number },
  ) => ({ penalty: longCotRewards.repetitionPenaltySparse(text, ngram, maxPenalty) }),
  parseJudgement: ({ text }: { text: string }) => ({ score: longCotRewards.parseJudgement(text) }),
};

interface Countdown {
  readonly text: string;
  readonly target: number;
  readonly numbers: readonly number[];
}

interface Blanks {
  readonly correctBlanks: number;
  readonly totalBlanks: number;
  readonly formatOk: boolean;
}

export const multiDomain: SlugAdapters = {
  knightsReward: ({ text, solution }: { text: string; solution: string }) => ({
    score: multiDomainRewards.knightsReward(text, solution),
  }),
  cellReward: ({ text, groundTruth }: { text: string; groundTruth: multiDomainRewards.Houses }) => ({
    score: multiDomainRewards.cellReward(text, groundTruth),
  }),
  countdownReward: ({ text, target, numbers }: Countdown, { formatScore }: { formatScore: number }) => ({
    score: multiDomainRewards.countdownReward(text, target, numbers, formatScore),
  }),
  puzzleRewardSchemes: (
    { correctBlanks, totalBlanks, formatOk }: Blanks,
    params: { dataset: 'kk' | 'lpb'; formatReward: number },
  ) => multiDomainRewards.puzzleRewardSchemes(correctBlanks, totalBlanks, formatOk, params),
  policyRefreshSchedule: (
    { steps }: { steps: readonly number[] },
    { stageLength, levels }: { stageLength: number; levels: readonly [number, ...number[]] },
  ) => ({ events: multiDomainRewards.policyRefreshSchedule(steps, stageLength, levels) }),
  languageGatedReward: (
    { correct, language }: { correct: boolean; language: string },
    { required }: { required: string },
  ) => ({ score: multiDomainRewards.languageGatedReward(correct, language, required) }),
};
