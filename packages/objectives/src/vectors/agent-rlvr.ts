import { klShapedReward, preferencePairs } from '../methods/agent-rlvr.js';
import type { SlugAdapters } from './adapter.js';
import type { Matrix } from './padded.js';
import { evaluatePairs, scorePairs } from './pairs.js';

interface DpoInputs {
  readonly chosenLogprobs: Matrix;
  readonly chosenRefLogprobs: Matrix;
  readonly chosenMask: Matrix;
  readonly rejectedLogprobs: Matrix;
  readonly rejectedRefLogprobs: Matrix;
  readonly rejectedMask: Matrix;
}

interface RewardInputs {
  readonly reward: readonly number[];
  readonly seqLogprob: readonly number[];
  readonly seqRefLogprob: readonly number[];
}

interface Trajectory {
  readonly problem: string;
  readonly id: string;
  readonly guided: boolean;
  readonly reward: number;
}

/** [pairs] Sum over tokens under the mask of log pi - log ref. */
function logRatios(logProb: Matrix, refLogProb: Matrix, mask: Matrix): number[] {
  return mask.map((row, i) =>
    row.reduce((sum, flag, t) => (flag === 0 ? sum : sum + logProb[i]![t]! - refLogProb[i]![t]!), 0),
  );
}

export const agentRlvr: SlugAdapters = {
  dpoLoss: (inputs: DpoInputs, { beta }: { beta: number }) => {
    const { result, chosen, rejected } = evaluatePairs(
      'dpo',
      [inputs.chosenMask, inputs.rejectedMask],
      {
        logProb: [inputs.chosenLogprobs, inputs.rejectedLogprobs],
        refLogProb: [inputs.chosenRefLogprobs, inputs.rejectedRefLogprobs],
      },
      { beta },
    );
    const winners = logRatios(inputs.chosenLogprobs, inputs.chosenRefLogprobs, inputs.chosenMask);
    const losers = logRatios(inputs.rejectedLogprobs, inputs.rejectedRefLogprobs, inputs.rejectedMask);
    return {
      margins: winners.map((winner, i) => beta * (winner - losers[i]!)),
      loss: result.loss,
      gradChosenLogprobs: chosen,
      gradRejectedLogprobs: rejected,
      accuracy: result.metrics['pairAccuracy'],
    };
  },
  klShapedReward: ({ reward, seqLogprob, seqRefLogprob }: RewardInputs, { beta }: { beta: number }) => ({
    reward: reward.map((value, i) => klShapedReward(value, seqLogprob[i]!, seqRefLogprob[i]!, beta)),
  }),
  rewardModelPairLoss: (inputs: { chosenScores: readonly number[]; rejectedScores: readonly number[] }) => {
    const { loss, chosen, rejected } = scorePairs(inputs.chosenScores, inputs.rejectedScores);
    return { loss, gradChosen: chosen, gradRejected: rejected };
  },
  buildPreferencePairs: ({ trajectories }: { trajectories: readonly Trajectory[] }) => {
    const result = preferencePairs(
      trajectories.map(({ problem, reward, ...rest }) => ({ ...rest, task: problem, success: reward === 1 })),
    );
    return {
      pairs: result.pairs,
      problemsNeedingGuidance: result.tasksNeedingGuidance,
      sftPool: result.unguidedSuccesses,
    };
  },
};
