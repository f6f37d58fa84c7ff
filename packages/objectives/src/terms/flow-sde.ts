/**
 * One denoising step of a flow model as a decision with a likelihood (flow-matching GRPO, arXiv 2505.05470, which RLIR's
 * card assumes for diffusion world models). The deterministic sampler has none, so noise is added and its drift taken
 * back, which leaves the marginals as they were. With x_t = (1 - t) x_0 + t e, the velocity v = e - x_0, time from 1 to 0,
 * dt = t' - t < 0 and sigma = a sqrt(t / (1 - t)):
 *
 *     mu = x (1 + sigma^2 dt / (2t)) + v (1 + sigma^2 (1 - t) / (2t)) dt
 *     x' = mu + sigma sqrt(-dt) z
 *     log p(x' | x) = mean over dimensions of the log-density of N(mu, sigma^2 |dt|) at x'
 */
import type { ClipRange } from './clip.js';

export interface FlowStep {
  /** [dimensions] The state. */
  readonly x: readonly number[];
  /** Time of the state, in (0, 1]. */
  readonly t: number;
  /** Time after the step, in [0, t); not 0 where t is 1. */
  readonly tNext: number;
  /** [dimensions] z, standard normal. */
  readonly noise: readonly number[];
  /** Level of the noise, above 0; RLIR's card: 0.7. */
  readonly a: number;
}

export interface FlowTransition {
  /** [dimensions] mu */
  readonly mean: number[];
  /** sigma sqrt(-dt) */
  readonly std: number;
  /** [dimensions] x' */
  readonly next: number[];
  /** log p(x' | x) */
  readonly logProb: number;
}

export interface FlowLoss {
  readonly oldLogProb: number;
  readonly newLogProb: number;
  readonly ratio: number;
  /** -min(r A, clip(r, 1 - clipLow, 1 + clipHigh) A) */
  readonly loss: number;
  /** [dimensions] By the velocity of the policy that learns. */
  readonly velocityGradient: number[];
}

/** The step that a policy with velocity `v` takes. Throws for times out of range and lengths that differ. */
export function flowSdeStep(step: FlowStep, v: readonly number[]): FlowTransition {
  const { onState, onVelocity, std } = coefficients(step, v);
  const mean = step.x.map((x, i) => x * onState + v[i]! * onVelocity);
  const next = mean.map((mu, i) => mu + std * step.noise[i]!);
  return { mean, std, next, logProb: meanLogDensity(next, mean, std) };
}

/**
 * Clipped surrogate of one step and its gradient by the new velocity. The state x' that the old velocity led to is
 * constant; `advantage` is that of the trajectory, the same at every step.
 */
export function flowSdeLoss(
  step: FlowStep,
  oldVelocity: readonly number[],
  newVelocity: readonly number[],
  advantage: number,
  { clipLow, clipHigh }: Pick<ClipRange, 'clipLow' | 'clipHigh'>,
): FlowLoss {
  const { next, logProb: oldLogProb } = flowSdeStep(step, oldVelocity);
  const { mean } = flowSdeStep(step, newVelocity);
  const { onVelocity, std } = coefficients(step, newVelocity);
  const newLogProb = meanLogDensity(next, mean, std);
  const ratio = Math.exp(newLogProb - oldLogProb);
  const free = ratio * advantage;
  const bounded = Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh) * advantage;
  // The bounded branch is constant where it binds.
  const pull = free <= bounded ? -free : 0;
  const scale = (pull * onVelocity) / (std * std * mean.length);
  const velocityGradient = mean.map((mu, i) => scale * (next[i]! - mu));
  return { oldLogProb, newLogProb, ratio, loss: -Math.min(free, bounded), velocityGradient };
}

interface Coefficients {
  /** dmu/dx and dmu/dv */
  readonly onState: number;
  readonly onVelocity: number;
  readonly std: number;
}

function coefficients({ x, t, tNext, noise, a }: FlowStep, v: readonly number[]): Coefficients {
  // At t = 1 the noise would be unbounded: there sigma is that of the next time.
  const at = t === 1 ? tNext : t;
  if (!(t <= 1 && tNext >= 0 && tNext < t && at > 0 && a > 0)) {
    throw new Error(
      `flowSdeStep: needs 0 <= tNext < t <= 1, more than one step and a > 0, got tNext ${tNext}, t ${t} and a ${a}; ` +
        'let time run from 1 to 0',
    );
  }
  if (x.length === 0 || v.length !== x.length || noise.length !== x.length) {
    const got = `${x.length}, ${v.length} and ${noise.length}`;
    throw new Error(`flowSdeStep: x, v and noise must have the same dimensions, at least one, got ${got}; align them`);
  }
  const dt = tNext - t;
  const variance = (a * a * at) / (1 - at);
  return {
    onState: 1 + (variance / (2 * t)) * dt,
    onVelocity: (1 + (variance * (1 - t)) / (2 * t)) * dt,
    std: Math.sqrt(-variance * dt),
  };
}

function meanLogDensity(x: readonly number[], mean: readonly number[], std: number): number {
  const squares = x.reduce((sum, value, i) => sum + ((value - mean[i]!) / std) ** 2, 0);
  return -squares / (2 * x.length) - Math.log(std) - 0.5 * Math.log(2 * Math.PI);
}
