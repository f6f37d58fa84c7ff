import {
  adaptiveSampling,
  codevReward,
  lastVerilogBlock,
  overlongTerm,
  testbenchPlan,
  type ResetPort,
} from '../rewards/codev-r1.js';
import { topModule } from '../verilog/tokens.js';
import type { SlugAdapters } from './adapter.js';

export const codevR1 = {
  codevReward: ({ text, verdicts }: { text: string; verdicts: readonly number[] }) => ({
    reward: codevReward(
      text,
      verdicts.map((verdict) => verdict === 1),
    ),
  }),
  extractVerilog: ({ text }: { text: string }) => ({ code: lastVerilogBlock(text) }),
  overlongPenalty: (
    { length }: { length: number },
    { maxLength, bufferLength, factor }: { maxLength: number; bufferLength: number; factor: number },
  ) => ({ penalty: overlongTerm(length, maxLength, bufferLength, factor) }),
  adaptiveSampler: (
    { keepFlags }: { keepFlags: readonly number[] },
    params: { trainBatchPrompts: number; chunkPrompts: number; steps: number },
  ) => ({
    events: adaptiveSampling(
      keepFlags.map((flag) => flag === 1),
      { batch: params.trainBatchPrompts, chunk: params.chunkPrompts, steps: params.steps },
    ),
  }),
  autoTopModule: ({ verilog }: { verilog: string }) => ({ top: topModule(verilog) }),
  testbenchPlan: (
    { resets, hasClock }: { resets: readonly ResetPort[]; hasClock: boolean },
    { outerLoop, innerLoop }: { outerLoop: number; innerLoop: number },
  ) =>
    testbenchPlan(hasClock ? resets : resets.filter(({ synchronous }) => !synchronous), {
      outer: outerLoop,
      inner: innerLoop,
    }),
} as const satisfies SlugAdapters;
