import { ead as method } from '../methods/ead.js';
import { annealedTemperature, type AnnealedTemperature } from '../schedules/annealed-temperature.js';
import type { Aggregation } from '../terms/aggregate.js';
import type { SlugAdapters } from './adapter.js';
import type { LogProbInputs } from './clip-loss.js';
import { logSoftmax } from './logits.js';
import { batchOf, flatten, rowsOf, type Matrix } from './padded.js';

interface ScheduleParams {
  readonly tau_max: number;
  readonly tau_min: number;
  readonly d0: number;
  readonly warmup: number;
  readonly growth: number;
  readonly cap: number;
  readonly position_scale: number;
}

interface Positions {
  readonly positions: readonly number[];
  readonly step: number;
}

function temperatures({ positions, step }: Positions, params: ScheduleParams): number[] {
  const schedule: AnnealedTemperature = {
    ...{ start: params.tau_max, floor: params.tau_min, decay: params.d0, warmup: params.warmup },
    ...{ growth: params.growth, decayCap: params.cap, scale: params.position_scale },
  };
  return positions.map((position) => annealedTemperature(position, step, schedule));
}

interface LossParams {
  readonly clip_low: number;
  readonly clip_high: number;
  readonly dual_clip_c: number;
  /** Not above 0: no weights. */
  readonly imp_ratio_cap: number;
  readonly agg: Aggregation;
}

function lossCase(inputs: LogProbInputs & { rollout_logprobs: Matrix }, params: LossParams) {
  const { logprobs: logProb, old_logprobs: oldLogProb, rollout_logprobs: samplerLogProb, mask } = inputs;
  const batch = batchOf(mask, { logProb, oldLogProb, samplerLogProb });
  const {
    clip_low: clipLow,
    clip_high: clipHigh,
    dual_clip_c: dualClip,
    imp_ratio_cap: cap,
    agg: aggregation,
  } = params;
  const correction = cap > 0 ? { samplerThreshold: cap } : { samplerCorrection: 'none' };
  const objective = method.create('ead', { clipLow, clipHigh, dualClip, aggregation, ...correction });
  const { loss, gradients } = objective.loss(batch, flatten(inputs.advantages));
  return { loss, grad_logprobs: rowsOf(batch, gradients.logProb!) };
}

export const ead: SlugAdapters = {
  eadTemperature: (inputs: Positions, params: ScheduleParams) => ({ temperature: temperatures(inputs, params) }),
  eadBehaviourLogprob: (inputs: Positions & { logits: Matrix; actions: readonly number[] }, params: ScheduleParams) => {
    const temperature = temperatures(inputs, params);
    const logprobs = inputs.logits.map((logits, i) => {
      const tempered = logits.map((logit) => logit / temperature[i]!);
      return logSoftmax(tempered)[inputs.actions[i]!]!;
    });
    return { logprobs, temperature };
  },
  eadTisLoss: lossCase,
};
