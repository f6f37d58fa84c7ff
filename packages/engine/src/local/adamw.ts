import type { OptimOptions, OptimStats } from '../engine.js';
import { isOfValueHead, type WeightLayout } from '../model/layout.js';
import type { ModelState } from './model-state.js';
import { trainingState } from './model-state.js';

/** Weights `from` to before `end` of the flat layout. */
export type WeightRange = readonly [from: number, end: number];

/**
 * AdamW with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101) and global-norm clipping as PyTorch's
 * `clip_grad_norm_` does it (divisor norm + 1e-6). Clears the gradient. A non-finite norm changes nothing but that.
 */
export function adamwStep(model: ModelState, options: OptimOptions): Required<OptimStats> {
  const all: WeightRange = [0, model.weights.layout.length];
  const { rates, ...stats } = beginStep(model, options, squaredSum(model, all));
  if (rates) updateWeights(model, all, rates);
  trainingState(model).gradient.fill(0);
  if (rates) model.version++;
  return stats;
}

/**
 * Counts a step and gives what `updateWeights` needs for it; null, and not counted, where the gradient is not finite.
 *
 * @param squares The sum of all squares of the gradient.
 */
export function beginStep(
  model: ModelState,
  options: OptimOptions,
  squares: number,
): Required<OptimStats> & { readonly rates: StepRates | null } {
  const { learningRate, valueHeadLearningRate = learningRate } = options;
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0, maxGradNorm = 0 } = options;
  const state = trainingState(model);
  const gradNorm = Math.sqrt(squares);
  if (!Number.isFinite(gradNorm)) return { gradNorm, step: state.step, rates: null };
  state.step++;
  const pace = (rate: number): Pace => ({
    stepSize: rate / (1 - beta1 ** state.step),
    kept: 1 - rate * weightDecay,
  });
  const rates = {
    clip: maxGradNorm > 0 ? Math.min(1, maxGradNorm / (gradNorm + 1e-6)) : 1,
    beta1,
    beta2,
    eps,
    secondScale: 1 / (1 - beta2 ** state.step),
    model: pace(learningRate),
    valueHead: pace(valueHeadLearningRate),
  };
  return { gradNorm, step: state.step, rates };
}

/** The sum of the squares of the gradient in a range, tensor by tensor. */
export function squaredSum(model: ModelState, range: WeightRange): number {
  const { gradient } = trainingState(model);
  let total = 0;
  for (const { from, end } of tensorsWithin(model.weights.layout, range)) {
    let sum = 0;
    for (let i = from; i < end; i++) sum += (gradient[i] as number) * (gradient[i] as number);
    total += sum;
  }
  return total;
}

/** Moves the weights of a range and their moments. */
export function updateWeights(model: ModelState, range: WeightRange, rates: StepRates): void {
  const { gradient, firstMoment, secondMoment } = trainingState(model);
  for (const { name, from, end, shape } of tensorsWithin(model.weights.layout, range)) {
    const { stepSize, kept } = isOfValueHead(name) ? rates.valueHead : rates.model;
    // Norms and biases are vectors; only matrices decay.
    const pace = { stepSize, kept: shape.length > 1 ? kept : 1 };
    const view = (data: Float32Array) => data.subarray(from, end);
    updateSlice(view(model.weights.data), view(gradient), view(firstMoment), view(secondMoment), { ...rates, ...pace });
  }
}

/** The parts of tensors that lie in a range. */
function tensorsWithin({ slices }: WeightLayout, [first, last]: WeightRange) {
  return [...slices]
    .map(([name, { offset, length, shape }]) => ({
      name,
      from: Math.max(offset, first),
      end: Math.min(offset + length, last),
      shape,
    }))
    .filter(({ from, end }) => from < end);
}

/** What depends on the learning rate. */
interface Pace {
  /** The rate, corrected for the first moment's beginning at 0. */
  readonly stepSize: number;
  /** What weight decay leaves of a weight. */
  readonly kept: number;
}

/** What is the same in a step for every weight. */
interface Momentum {
  /** Times the gradient: global-norm clipping. */
  readonly clip: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Times the second moment, which also begins at 0. */
  readonly secondScale: number;
}

/** What a step does; `valueHead` is the pace of the value head, `model` that of all else. */
export interface StepRates extends Momentum {
  readonly model: Pace;
  readonly valueHead: Pace;
}

function updateSlice(
  weights: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  { clip, beta1, beta2, eps, secondScale, stepSize, kept }: Momentum & Pace,
): void {
  const newShare1 = 1 - beta1;
  const newShare2 = 1 - beta2;
  for (let i = 0; i < weights.length; i++) {
    const g = (gradient[i] as number) * clip;
    const m = beta1 * (first[i] as number) + newShare1 * g;
    const v = beta2 * (second[i] as number) + newShare2 * g * g;
    first[i] = m;
    second[i] = v;
    weights[i] = (weights[i] as number) * kept - (stepSize * m) / (Math.sqrt(v * secondScale) + eps);
  }
}
