import { cotCorrect, cotPassAtK, expectedCotAdvantage, type VoteRule } from '../metrics/cot-pass-k.js';
import { passAtK } from '../metrics/pass-at-k.js';
import type { SlugAdapters } from './adapter.js';

type Flags = readonly (0 | 1)[];

interface Prompt {
  readonly answers: Flags;
  readonly votes: readonly Flags[];
}

const booleans = (flags: Flags) => flags.map((flag) => flag === 1);

export const cotPassK: SlugAdapters = {
  passAtK: ({ n, c, k }: { n: number; c: number; k: number }) => ({ value: passAtK(n, c, k) }),
  cotCorrect: ({ votes }: { votes: Flags }) => ({
    any: cotCorrect(booleans(votes), 'any'),
    majority: cotCorrect(booleans(votes), 'majority'),
    all: cotCorrect(booleans(votes), 'all'),
  }),
  cotPassAtK: (
    { prompts }: { prompts: readonly Prompt[] },
    { ks, strategy }: { ks: readonly number[]; strategy: VoteRule },
  ) => {
    const judged = prompts.map(({ answers, votes }) => ({ answers: booleans(answers), votes: votes.map(booleans) }));
    const suite = cotPassAtK(judged, ks, strategy);
    const byK = (values: readonly number[]) => Object.fromEntries(ks.map((k, i) => [String(k), values[i]]));
    return {
      perPrompt: suite.prompts.map((prompt) => ({
        G: prompt.samples,
        C: prompt.answersRight,
        D: prompt.bothRight,
        pCA: prompt.answerRate,
        pCCgivenCA: prompt.reasoningRate,
        passAtK: byK(prompt.passAtK),
        cotPassAtK: byK(prompt.cotPassAtK),
      })),
      passAtK: byK(suite.passAtK),
      cotPassAtK: byK(suite.cotPassAtK),
      pCA: suite.answerRate,
      pCCgivenCA: suite.reasoningRate,
    };
  },
  expectedAdvantage: ({ pc, alpha, beta }: { pc: number; alpha: number; beta: number }) => {
    const prior = { reasoningRate: pc, answerGivenRight: alpha, answerGivenWrong: beta };
    const { mean, std, rightReasoning, wrongReasoning } = expectedCotAdvantage(prior);
    return { mu: mean, sigma: std, advCorrectCot: rightReasoning, advIncorrectCot: wrongReasoning };
  },
};
