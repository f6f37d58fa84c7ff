import { rlir as method } from '../methods/rlir.js';
import { flowSdeLoss, flowSdeStep, type FlowStep } from '../terms/flow-sde.js';
import type { SlugAdapters } from './adapter.js';
import { deviationOf, type DeviationParams } from './options.js';
import { batchOf, rowsOf, type Matrix } from './padded.js';

interface LossInputs {
  readonly logprobs: Matrix;
  readonly old_logprobs: Matrix;
  readonly ref_logprobs: Matrix;
  readonly mask: Matrix;
  readonly rewards: readonly number[];
}

interface LossParams extends DeviationParams {
  readonly clip: number;
  readonly beta: number;
  readonly std_eps: number;
}

function lossCase(inputs: LossInputs, { clip, beta, std_eps, ...deviation }: LossParams) {
  const columns = { logProb: inputs.logprobs, oldLogProb: inputs.old_logprobs, refLogProb: inputs.ref_logprobs };
  const { rewards } = inputs;
  const batch = batchOf(inputs.mask, columns, { rewards, groups: rewards.map(() => 0) });
  const deviations = { advantageEpsilon: std_eps, advantageStd: deviationOf(deviation) };
  const objective = method.create('rlir', { clipLow: clip, clipHigh: clip, klCoef: beta, ...deviations });
  const advantages = objective.advantages(batch);
  const { loss, gradients } = objective.loss(batch, advantages);
  // Every token of a response has its advantage.
  return {
    advantages: rowsOf(batch, advantages).map(([first]) => first),
    loss,
    grad: rowsOf(batch, gradients.logProb!),
  };
}

interface WireStep {
  readonly x: readonly number[];
  readonly t: number;
  readonly t_next: number;
  readonly noise: readonly number[];
  readonly a: number;
}

function stepOf({ x, t, t_next: tNext, noise, a }: WireStep): FlowStep {
  return { x, t, tNext, noise, a };
}

interface SdeLossInputs extends WireStep {
  readonly v_old: readonly number[];
  readonly v_new: readonly number[];
  readonly advantage: number;
}

export const rlir: SlugAdapters = {
  rlir_ar_loss: lossCase,
  rlir_sde_step: ({ steps }: { steps: readonly (WireStep & { readonly v: readonly number[] })[] }) => ({
    results: steps.map((step) => {
      const { mean, std, next, logProb } = flowSdeStep(stepOf(step), step.v);
      return { mean, std, next, logprob_mean: logProb };
    }),
  }),
  rlir_sde_loss: (inputs: SdeLossInputs, { clip }: { clip: number }) => {
    const range = { clipLow: clip, clipHigh: clip };
    const found = flowSdeLoss(stepOf(inputs), inputs.v_old, inputs.v_new, inputs.advantage, range);
    return {
      old_logprob: found.oldLogProb,
      new_logprob: found.newLogProb,
      ratio: found.ratio,
      loss: found.loss,
      grad_velocity: found.velocityGradient,
    };
  },
};
