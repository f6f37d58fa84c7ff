import { groupAdvantage } from '../advantages/group.js';
import { flowAdvantages } from '../methods/rlfr.js';
import {
  flowMatchingLoss,
  flowVelocity,
  interpolated,
  logitNormalTime,
  velocityDeviation,
  type FlowField,
  type Linear,
} from '../shaping/flow-field.js';
import { filterFlowScores, normalizeFlowScores } from '../shaping/flow-score.js';
import { clippedLoss } from '../terms/clip.js';
import { tokenRatio } from '../terms/ratio.js';
import type { SlugAdapters } from './adapter.js';
import { batchOf, rowsOf, type Matrix } from './padded.js';
import { surrogateCase } from './surrogate.js';

interface Scored {
  readonly score: Matrix;
  readonly mask: Matrix;
}

interface FilterParams {
  readonly threshold: number;
  readonly topk: number;
}

function tokenAdvantages(
  { score, mask, outcome }: Scored & { outcome: readonly number[] },
  params: FilterParams & { group_size: number; flow_coef: number; gamma: number },
) {
  const groups = outcome.map((_, i) => Math.floor(i / params.group_size));
  const batch = batchOf(mask, {}, { rewards: outcome, groups });
  const scores = score.flatMap((row, i) => {
    const normal = normalizeFlowScores(Float64Array.from(row), mask[i]!, { minimum: 'second-distinct' });
    return Array.from(filterFlowScores(normal, { threshold: params.threshold, topK: params.topk }));
  });
  const outcomes = groupAdvantage(batch.rewards, batch.group, { advantageScale: 'group', advantageEpsilon: 1e-9 });
  const settings = { flowCoef: params.flow_coef, gamma: params.gamma };
  const { rewards, advantages } = flowAdvantages(batch, outcomes, Float64Array.from(scores), settings);
  return { group_norm: outcomes, token_reward: rowsOf(batch, rewards), advantages: rowsOf(batch, advantages) };
}

type Weights = Readonly<Record<string, Matrix | readonly number[]>>;

function fieldOf(weights: Weights, depth: number, rmsEpsilon: number): FlowField {
  const layer = (name: string): Linear => ({
    weight: weights[`${name}.weight`] as Matrix,
    bias: weights[`${name}.bias`] as readonly number[],
  });
  const mlp = (name: string) => ({ first: layer(`${name}.mlp.0`), second: layer(`${name}.mlp.2`) });
  const norm = (name: string) => weights[`${name}.weight`] as readonly number[];
  return {
    input: layer('input_proj'),
    time: mlp('time_embed'),
    context: layer('cond_embed'),
    layer: mlp('layer_embed'),
    blocks: Array.from({ length: depth }, (_, i) => ({
      norm: norm(`res_blocks.${i}.in_ln`),
      mlp: mlp(`res_blocks.${i}`),
      modulation: layer(`res_blocks.${i}.adaLN_modulation.1`),
    })),
    finalNorm: norm('final_layer.norm_final'),
    finalModulation: layer('final_layer.adaLN_modulation.1'),
    output: layer('final_layer.linear'),
    rmsEpsilon,
  };
}

interface States {
  readonly target: Matrix;
  readonly context: Matrix;
  readonly noise: Matrix;
}

function deviationCase(
  { target, context, noise, weights }: States & { weights: Weights },
  params: { timesteps: readonly number[]; layer_fraction: number; depth: number; rms_eps: number },
) {
  const field = fieldOf(weights, params.depth, params.rms_eps);
  const tokens = target.map((row, i) => ({ target: row, context: context[i]!, noise: noise[i]! }));
  const [first = 0] = params.timesteps;
  const found = tokens.map((token) => velocityDeviation(field, token, params.timesteps, params.layer_fraction));
  return {
    velocity_first_t: tokens.map((token) =>
      flowVelocity(field, interpolated(token.target, token.noise, first), first, token.context, params.layer_fraction),
    ),
    loss: found.map(({ loss }) => loss),
    score: found.map(({ score }) => score),
  };
}

const aggregationOf = { 'seq-mean-then-batch-mean': 'seq-mean-token-mean', 'token-mean': 'token-mean' } as const;

interface LossParams {
  readonly clip_low: number;
  readonly clip_high: number;
  readonly ratio_cap: number;
  readonly reduction: keyof typeof aggregationOf;
}

export const rlfr: SlugAdapters = {
  normalize_flow_score: (
    { score, mask }: Scored,
    { norm, bilateral, gamma }: { norm: string; bilateral: boolean; gamma: number },
  ) => {
    if (norm !== 'minmax')
      throw new Error(`normalize_flow_score: norm must be minmax, got ${norm}; no other is defined`);
    const options = { bilateral, gamma, minimum: 'second-distinct' } as const;
    return { out: score.map((row, i) => normalizeFlowScores(Float64Array.from(row), mask[i]!, options)) };
  },
  postprocess_flow_score: (
    { score }: { score: Matrix },
    { threshold, topk, bilateral }: FilterParams & { bilateral: boolean },
  ) => ({ out: score.map((row) => filterFlowScores(Float64Array.from(row), { threshold, topK: topk, bilateral })) }),
  rlfr_token_advantages: tokenAdvantages,
  policy_loss: (
    inputs: { log_probs: Matrix; old_log_probs: Matrix; advantages: Matrix; mask: Matrix },
    { clip_low: clipLow, clip_high: clipHigh, ratio_cap: ratioCap, reduction }: LossParams,
  ) => {
    const { log_probs, old_log_probs, advantages, mask } = inputs;
    const { loss, grad_logp } = surrogateCase(
      { logp: log_probs, old_logp: old_log_probs, advantages, mask },
      { agg: aggregationOf[reduction] },
      (context) => clippedLoss(context, tokenRatio(context), { clipLow, clipHigh, ratioCap }),
    );
    return { loss, grad: grad_logp };
  },
  flow_velocity_deviation: deviationCase,
  flow_matching_train_loss: (
    inputs: Omit<States, 'context'> & { velocity: Matrix; mask: readonly number[]; u_normal: readonly number[] },
    { eps }: { eps: number },
  ) => {
    const { velocity, target, noise, mask, u_normal } = inputs;
    const times = u_normal.map(logitNormalTime);
    const { loss, gradient } = flowMatchingLoss(velocity, target, noise, mask, eps);
    const noised = target.map((row, i) => interpolated(row, noise[i]!, times[i]!));
    return { t: times, x_t: noised, loss, grad_velocity: gradient };
  },
};
