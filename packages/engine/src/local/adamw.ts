import type { OptimOptions, OptimStats } from '../engine.js';
import type { ModelState } from './model-state.js';
import { trainingState } from './model-state.js';

/**
 * AdamW with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101) and global-norm clipping as PyTorch's
 * `clip_grad_norm_` does it (divisor norm + 1e-6). Clears the gradient. A non-finite norm changes nothing but that.
 */
export function adamwStep(model: ModelState, options: OptimOptions): Required<OptimStats> {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0, maxGradNorm = 0 } = options;
  const state = trainingState(model);
  const gradNorm = globalNorm(model, state.gradient);
  if (!Number.isFinite(gradNorm)) {
    state.gradient.fill(0);
    return { gradNorm, step: state.step };
  }
  const clip = maxGradNorm > 0 ? Math.min(1, maxGradNorm / (gradNorm + 1e-6)) : 1;
  state.step++;
  const rates = {
    clip,
    beta1,
    beta2,
    eps,
    stepSize: learningRate / (1 - beta1 ** state.step),
    secondScale: 1 / (1 - beta2 ** state.step),
  };
  for (const { offset, length, shape } of model.weights.layout.slices.values()) {
    // Norms and biases are vectors; only matrices decay.
    const keep = shape.length > 1 ? 1 - learningRate * weightDecay : 1;
    const view = (data: Float32Array) => data.subarray(offset, offset + length);
    updateSlice(
      view(model.weights.data),
      view(state.gradient),
      view(state.firstMoment),
      view(state.secondMoment),
      keep,
      rates,
    );
  }
  state.gradient.fill(0);
  model.version++;
  return { gradNorm, step: state.step };
}

interface Rates {
  readonly clip: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly stepSize: number;
  readonly secondScale: number;
}

function updateSlice(
  weights: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  keep: number,
  { clip, beta1, beta2, eps, stepSize, secondScale }: Rates,
): void {
  const newShare1 = 1 - beta1;
  const newShare2 = 1 - beta2;
  for (let i = 0; i < weights.length; i++) {
    const g = (gradient[i] as number) * clip;
    const m = beta1 * (first[i] as number) + newShare1 * g;
    const v = beta2 * (second[i] as number) + newShare2 * g * g;
    first[i] = m;
    second[i] = v;
    weights[i] = (weights[i] as number) * keep - (stepSize * m) / (Math.sqrt(v * secondScale) + eps);
  }
}

/** L2 norm over all weights, summed tensor by tensor in a fixed order. */
function globalNorm(model: ModelState, gradient: Float32Array): number {
  let total = 0;
  for (const { offset, length } of model.weights.layout.slices.values()) {
    let sum = 0;
    for (let i = offset; i < offset + length; i++) sum += (gradient[i] as number) * (gradient[i] as number);
    total += sum;
  }
  return Math.sqrt(total);
}
