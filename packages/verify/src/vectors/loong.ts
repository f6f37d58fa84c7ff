import { fromJson } from '../rewards/python-literal.js';
import {
  compareExecutionToAnswer,
  equalWithTolerance,
  singleStepReward,
  syntheticBatchReport,
  type SyntheticRecord,
} from '../rewards/loong.js';
import type { SlugAdapters } from './adapter.js';

export const loong: SlugAdapters = {
  equalWithTolerance: ({ a, b }: { a: unknown; b: unknown }, { tolerance }: { tolerance: number | null }) => ({
    equal: equalWithTolerance(fromJson(a), fromJson(b), tolerance),
  }),
  compareExecutionToAnswer: (
    { executionOutput, finalAnswer }: { executionOutput: string | null; finalAnswer: string },
    { precision }: { precision: number | null },
  ) => ({ match: compareExecutionToAnswer(executionOutput, finalAnswer, precision) }),
  syntheticBatchReport: ({ records }: { records: readonly SyntheticRecord[] }) => syntheticBatchReport(records),
  singleStepReward: ({ status, customRewards }: { status: string; customRewards: Record<string, number> }) => ({
    reward: singleStepReward(status, customRewards),
  }),
};
