/**
 * The velocity field of RLFR over hidden states (arXiv 2510.10201; flow_simple.py of its repository): a residual MLP whose
 * normalisation is steered by time, context and depth of the layer. Forward only: training it is the engine's matter.
 *
 * The paper's score is the mean over times of t / (1 - t) dev_t; the official code, and with it the test vectors, weighs
 * the mean of dev_t by t / (1 - t) of the last time. The code is followed: the two differ with more than one time only.
 */
export interface Linear {
  /** [out][in] */
  readonly weight: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

/** Linear, SiLU, Linear. */
export interface TwoLayers {
  readonly first: Linear;
  readonly second: Linear;
}

export interface FlowBlock {
  /** Weight of the RMS normalisation. */
  readonly norm: readonly number[];
  readonly mlp: TwoLayers;
  /** To shift, scale and gate. */
  readonly modulation: Linear;
}

export interface FlowField {
  readonly input: Linear;
  /** Over `frequencies` cosines and sines of t in [0, 1]. */
  readonly time: TwoLayers;
  readonly context: Linear;
  /** Over those of the depth of the layer, as a fraction of all layers. */
  readonly layer: TwoLayers;
  readonly blocks: readonly FlowBlock[];
  readonly finalNorm: readonly number[];
  /** To shift and scale. */
  readonly finalModulation: Linear;
  readonly output: Linear;
  readonly rmsEpsilon: number;
}

type Vector = readonly number[];

const PERIOD = 10_000;

/** [D] v(x_t, t, context, layer fraction). `noised`, `context`: [D]. */
export function flowVelocity(
  field: FlowField,
  noised: Vector,
  t: number,
  context: Vector,
  layerFraction: number,
): number[] {
  const time = twoLayers(field.time, waves(t, field.time));
  const layer = twoLayers(field.layer, waves(layerFraction, field.layer));
  const condition = linear(field.context, context).map((value, i) => silu(time[i]! + value + layer[i]!));
  let x = linear(field.input, noised);
  for (const block of field.blocks) {
    const [shift, scale, gate] = chunks(linear(block.modulation, condition), x.length);
    const update = twoLayers(block.mlp, modulated(rmsNorm(x, block.norm, field.rmsEpsilon), shift!, scale!));
    x = x.map((value, i) => value + gate![i]! * update[i]!);
  }
  const [shift, scale] = chunks(linear(field.finalModulation, condition), x.length);
  return linear(field.output, modulated(rmsNorm(x, field.finalNorm, field.rmsEpsilon), shift!, scale!));
}

/** Hidden states of one layer: the state scored, its context and one draw of noise, each [D]. */
export interface FlowToken {
  readonly target: Vector;
  readonly context: Vector;
  readonly noise: Vector;
}

export interface VelocityDeviation {
  /** Mean over times of the mean square of v - (target - noise). */
  readonly loss: number;
  /** The same times t / (1 - t) of the last time: what `normalizeFlowScores` takes. */
  readonly score: number;
}

/**
 * How badly the field predicts a hidden state: the same noise at every time, each in (0, 1). As the official code has it
 * the mean over times gets the weight of the last one; with one time, the default, that is the weight of each.
 */
export function velocityDeviation(
  field: FlowField,
  { target, context, noise }: FlowToken,
  times: readonly number[],
  layerFraction: number,
): VelocityDeviation {
  let [loss, weight] = [0, 0];
  for (const t of times) {
    const velocity = flowVelocity(field, interpolated(target, noise, t), t, context, layerFraction);
    const deviation = meanSquare(velocity.map((value, i) => value - (target[i]! - noise[i]!)));
    loss += deviation / times.length;
    weight = t / (1 - t);
  }
  return { loss, score: weight * loss };
}

/** t x + (1 - t) z */
export function interpolated(target: Vector, noise: Vector, t: number): number[] {
  return target.map((value, i) => t * value + (1 - t) * noise[i]!);
}

/** Time of training from a standard normal draw: sigmoid(u). */
export function logitNormalTime(u: number): number {
  return 1 / (1 + Math.exp(-u));
}

/**
 * Masked mean over tokens of the mean square of v - (target - noise), and its gradient by the velocity. `velocity`,
 * `target` and `noise`: [tokens][D], `mask`: [tokens].
 */
export function flowMatchingLoss(
  velocity: readonly Vector[],
  target: readonly Vector[],
  noise: readonly Vector[],
  mask: readonly number[],
  epsilon = 1e-8,
): { readonly loss: number; readonly gradient: number[][] } {
  const weight = 1 / (mask.reduce((sum, flag) => sum + flag, 0) + epsilon);
  const errors = velocity.map((row, i) => row.map((value, d) => value - (target[i]![d]! - noise[i]![d]!)));
  const loss = errors.reduce((sum, row, i) => sum + (mask[i] === 0 ? 0 : mask[i]! * weight * meanSquare(row)), 0);
  const gradient = errors.map((row, i) =>
    row.map((value) => (mask[i] === 0 ? 0 : (2 * mask[i]! * weight * value) / row.length)),
  );
  return { loss, gradient };
}

/** Cosines, then sines, of the value at frequencies that fall from 1 geometrically. */
function waves(value: number, { first }: TwoLayers): number[] {
  const half = Math.floor(first.weight[0]!.length / 2);
  const angles = Array.from({ length: half }, (_, k) => value * PERIOD ** (-k / half));
  return [...angles.map(Math.cos), ...angles.map(Math.sin)];
}

function twoLayers({ first, second }: TwoLayers, x: Vector): number[] {
  return linear(second, linear(first, x).map(silu));
}

function linear({ weight, bias }: Linear, x: Vector): number[] {
  return weight.map((row, i) => row.reduce((sum, value, k) => sum + value * x[k]!, bias[i]!));
}

function modulated(x: Vector, shift: Vector, scale: Vector): number[] {
  return x.map((value, i) => value * (1 + scale[i]!) + shift[i]!);
}

function rmsNorm(x: Vector, weight: Vector, epsilon: number): number[] {
  const scale = 1 / Math.sqrt(meanSquare(x) + epsilon);
  return x.map((value, i) => value * scale * weight[i]!);
}

function meanSquare(x: Vector): number {
  return x.reduce((sum, value) => sum + value * value, 0) / x.length;
}

function chunks(x: Vector, size: number): Vector[] {
  return Array.from({ length: x.length / size }, (_, i) => x.slice(i * size, (i + 1) * size));
}

function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}
