/** @file Adapters of cards where a model's rating is read: of a turn by a judge, of a solution by the policy itself. */
import { parseFinalScore, turnScore } from '../rewards/ppr-renorm.js';
import { ratingReward, ratingTarget, solutionReward } from '../rewards/rise.js';
import type { SlugAdapters } from './adapter.js';

export const pprRenorm = {
  pprParseJudge: ({ replies }: { replies: readonly string[] }) => ({
    parsed: replies.map(parseFinalScore),
    score: replies.map(turnScore),
  }),
} as const satisfies SlugAdapters;

export const rise = {
  riseOutcomeReward: ({ responses, truth }: { responses: readonly string[]; truth: readonly string[] }) => ({
    reward: responses.map((response, index) => solutionReward(response, truth[index]!)),
  }),
  riseVerificationReward: (inputs: {
    verification_responses: readonly string[];
    solution_rewards: readonly number[];
  }) => ({
    target_rating: inputs.solution_rewards.map(ratingTarget),
    reward: inputs.verification_responses.map((text, index) => ratingReward(text, inputs.solution_rewards[index]!)),
  }),
} as const satisfies SlugAdapters;
