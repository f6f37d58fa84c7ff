import { capo as method, stepErrorColumn, voteErrorSteps, type VoteMode } from '../methods/capo.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { Aggregation } from '../terms/aggregate.js';
import type { SlugAdapters } from './adapter.js';
import { logProbCase, type LogProbInputs } from './clip-loss.js';
import { batchOf, rowsOf } from './padded.js';

interface AdvantageInputs {
  readonly outcome: readonly number[];
  readonly step_spans: readonly (readonly (readonly [number, number])[])[];
  readonly error_steps: readonly (readonly number[])[];
  readonly lens: readonly number[];
  readonly max_len: number;
}

interface LossParams {
  readonly clip_low: number;
  readonly clip_high: number;
  readonly agg: Aggregation;
}

export const capo: SlugAdapters = {
  voteErrorSteps: ({ critiques }: { critiques: readonly (readonly number[])[] }, { mode }: { mode: VoteMode }) => ({
    error_steps: voteErrorSteps(critiques, mode),
    intersection: voteErrorSteps(critiques, 'intersection'),
    union: voteErrorSteps(critiques, 'union'),
  }),
  capoAdvantage: (
    { outcome, step_spans, error_steps, lens, max_len }: AdvantageInputs,
    params: { w_whole: number; w_process: number; eps: number },
  ) => {
    const mask = lens.map((length) => Array.from({ length: max_len }, (_, t) => (t < length ? 1 : 0)));
    const errors = step_spans.map((spans, i) => Array.from(stepErrorColumn(max_len, spans, error_steps[i]!)));
    const groups = outcome.map(() => 0);
    const batch = batchOf(mask, { tokenRewards: errors }, { rewards: outcome, groups });
    const { w_whole: wholeWeight, w_process: processWeight, eps: advantageEpsilon } = params;
    return {
      token_rewards: mask.map((row, i) =>
        row.map((flag, t) => flag * (wholeWeight * outcome[i]! + processWeight * errors[i]![t]!)),
      ),
      advantages: rowsOf(
        batch,
        method.create('capo', { wholeWeight, processWeight, advantageEpsilon }).advantages(batch),
      ),
    };
  },
  capoLoss: (inputs: LogProbInputs, { clip_low: clipLow, clip_high: clipHigh, agg }: LossParams) =>
    logProbCase(inputs, agg, (context) => clippedLoss(context, tokenRatio(context), { clipLow, clipHigh })),
};
