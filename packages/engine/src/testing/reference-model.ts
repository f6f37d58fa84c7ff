import type { ModelConfig } from '../model/config.js';
import { parameterShapes } from '../model/layout.js';
import { ropeFrequencies } from '../model/rope.js';

/**
 * A decoder in plain TypeScript and float64: slow, short, and written from the published definitions instead of the
 * engine's graphs, so that the two can check each other without Python. One sequence, no batch, no cache.
 *
 * Sources: Llama (arXiv 2302.13971, section 2.2: pre-norm, SwiGLU, rotary), grouped-query attention (arXiv 2305.13245),
 * Qwen2 (arXiv 2407.10671: bias on q, k, v), Qwen3 (arXiv 2505.09388: RMSNorm on each query and key head before rotary).
 */
/** By Hugging Face name; shapes as in `parameterShapes`. */
export type ReferenceWeights = ReadonlyMap<string, ArrayLike<number>>;

/** [tokens][vocabulary] Row t holds the logits of token t + 1. Throws when a weight is missing or of another length. */
export function referenceLogits(
  config: ModelConfig,
  weights: ReferenceWeights,
  tokens: ArrayLike<number>,
): Float64Array[] {
  const { hiddenSize, vocabSize } = config;
  const name = config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  const head = weightOf(weights, name, vocabSize * hiddenSize);
  return lastHidden(config, weights, tokens).map((x) => linear(x, head));
}

/** [tokens] Entry t is what the value head makes of the tokens up to t. */
export function referenceValues(config: ModelConfig, weights: ReferenceWeights, tokens: ArrayLike<number>): number[] {
  const head = weightOf(weights, 'score.weight', config.hiddenSize);
  const bias = at(weightOf(weights, 'score.bias', 1), 0);
  return lastHidden(config, weights, tokens).map((x) => at(linear(x, head), 0) + bias);
}

/** [tokens][hidden] After the final norm. */
function lastHidden(config: ModelConfig, weights: ReferenceWeights, tokens: ArrayLike<number>): Float64Array[] {
  const { hiddenSize, vocabSize } = config;
  const embedding = weightOf(weights, 'model.embed_tokens.weight', vocabSize * hiddenSize);
  let hidden: Float64Array[] = Array.from(tokens, (token) =>
    Float64Array.from({ length: hiddenSize }, (_, i) => at(embedding, token * hiddenSize + i)),
  );
  for (let layer = 0; layer < config.layers; layer += 1) hidden = decoderLayer(config, weights, layer, hidden);
  const finalNorm = weightOf(weights, 'model.norm.weight', hiddenSize);
  return hidden.map((x) => rmsNorm(x, finalNorm, config.normEps));
}

/**
 * Weights for tests: normal with deviation `scale` for matrices and biases, 1 + 0.1 x normal for norms, so that no
 * gradient is near zero by symmetry. Values are rounded to float32, the precision that the engine holds.
 */
export function randomReferenceWeights(config: ModelConfig, seed: number, scale = 0.2): Map<string, Float32Array> {
  const normal = normals(seed);
  const weights = new Map<string, Float32Array>();
  for (const [name, shape] of parameterShapes(config)) {
    const length = shape.reduce((product, size) => product * size, 1);
    const isNorm = name.endsWith('norm.weight');
    weights.set(
      name,
      Float32Array.from({ length }, () => (isNorm ? 1 + 0.1 * normal() : scale * normal())),
    );
  }
  return weights;
}

/**
 * d f / d weights[name][index] by the central difference of step `h`; `f` sees float64 weights. The error is of order
 * h^2 from the formula and 1e-16 / h from rounding: about 1e-10 relative at the default.
 */
export function finiteDifference(
  f: (weights: ReferenceWeights) => number,
  weights: ReferenceWeights,
  name: string,
  index: number,
  h = 1e-5,
): number {
  const original = weights.get(name);
  if (original === undefined) throw new Error(`finiteDifference: name must be a weight, got ${name}`);
  const moved = (step: number): number => {
    const copy = Float64Array.from(original);
    copy[index] = at(original, index) + step;
    return f(new Map(weights).set(name, copy));
  };
  return (moved(h) - moved(-h)) / (2 * h);
}

function decoderLayer(
  config: ModelConfig,
  weights: ReferenceWeights,
  layer: number,
  hidden: readonly Float64Array[],
): Float64Array[] {
  const { hiddenSize, intermediateSize, normEps } = config;
  const prefix = `model.layers.${layer}`;
  const inputNorm = weightOf(weights, `${prefix}.input_layernorm.weight`, hiddenSize);
  const postNorm = weightOf(weights, `${prefix}.post_attention_layernorm.weight`, hiddenSize);
  const gate = weightOf(weights, `${prefix}.mlp.gate_proj.weight`, intermediateSize * hiddenSize);
  const up = weightOf(weights, `${prefix}.mlp.up_proj.weight`, intermediateSize * hiddenSize);
  const down = weightOf(weights, `${prefix}.mlp.down_proj.weight`, hiddenSize * intermediateSize);
  const normed = hidden.map((x) => rmsNorm(x, inputNorm, normEps));
  const attended = attention(config, weights, `${prefix}.self_attn`, normed);
  return hidden.map((x, t) => {
    const middle = add(x, row(attended, t));
    const y = rmsNorm(middle, postNorm, normEps);
    const open = linear(y, up);
    const activated = linear(y, gate).map((g, i) => (g / (1 + Math.exp(-g))) * at(open, i));
    return add(middle, linear(activated, down));
  });
}

/** Causal self-attention with grouped keys and values; `normed` is [tokens][hidden], so is the result. */
function attention(
  config: ModelConfig,
  weights: ReferenceWeights,
  prefix: string,
  normed: readonly Float64Array[],
): Float64Array[] {
  const { heads, kvHeads, headDim, hiddenSize } = config;
  const queries = normed.map((x, t) => project(config, weights, prefix, 'q', x, t));
  const keys = normed.map((x, t) => project(config, weights, prefix, 'k', x, t));
  const values = normed.map((x, t) => project(config, weights, prefix, 'v', x, t));
  const output = weightOf(weights, `${prefix}.o_proj.weight`, hiddenSize * heads * headDim);
  return queries.map((query, t) => {
    const mixed = new Float64Array(heads * headDim);
    for (let head = 0; head < heads; head += 1) {
      const shared = Math.floor(head / (heads / kvHeads)) * headDim;
      const scores = Float64Array.from({ length: t + 1 }, (_, s) => {
        let dot = 0;
        for (let i = 0; i < headDim; i += 1) dot += at(query, head * headDim + i) * at(row(keys, s), shared + i);
        return dot / Math.sqrt(headDim);
      });
      softmax(scores).forEach((p, s) => {
        for (let i = 0; i < headDim; i += 1) mixed[head * headDim + i]! += p * at(row(values, s), shared + i);
      });
    }
    return linear(mixed, output);
  });
}

/** One of q, k, v at position `t`: linear, bias (Qwen2), then per head for q and k RMSNorm (Qwen3) and rotary. */
function project(
  config: ModelConfig,
  weights: ReferenceWeights,
  prefix: string,
  which: 'q' | 'k' | 'v',
  x: Float64Array,
  t: number,
): Float64Array {
  const { headDim } = config;
  const width = (which === 'q' ? config.heads : config.kvHeads) * headDim;
  const name = `${prefix}.${which}_proj`;
  let y = linear(x, weightOf(weights, `${name}.weight`, width * config.hiddenSize));
  if (config.qkvBias) y = add(y, weightOf(weights, `${name}.bias`, width));
  if (which === 'v') return y;
  const frequencies = ropeFrequencies(config);
  for (let start = 0; start < width; start += headDim) {
    let head: Float64Array = y.slice(start, start + headDim);
    if (config.qkNorm) {
      head = rmsNorm(head, weightOf(weights, `${prefix}.${which}_norm.weight`, headDim), config.normEps);
    }
    y.set(rotate(head, t, frequencies), start);
  }
  return y;
}

/** Rotary embedding in the half-split layout: dimension i turns with dimension i + headDim / 2. */
function rotate(head: Float64Array, position: number, frequencies: Float32Array): Float64Array {
  const half = head.length / 2;
  const turned = new Float64Array(head.length);
  for (let i = 0; i < half; i += 1) {
    const angle = position * at(frequencies, i);
    const [a, b] = [at(head, i), at(head, i + half)];
    turned[i] = a * Math.cos(angle) - b * Math.sin(angle);
    turned[i + half] = b * Math.cos(angle) + a * Math.sin(angle);
  }
  return turned;
}

function rmsNorm(x: Float64Array, weight: ArrayLike<number>, eps: number): Float64Array {
  const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  const scale = 1 / Math.sqrt(meanSquare + eps);
  return x.map((value, i) => value * scale * at(weight, i));
}

/** weight x, with `weight` [out, in] row-major. */
function linear(x: Float64Array, weight: ArrayLike<number>): Float64Array {
  const width = x.length;
  return Float64Array.from({ length: weight.length / width }, (_, o) => {
    let sum = 0;
    for (let i = 0; i < width; i += 1) sum += at(weight, o * width + i) * at(x, i);
    return sum;
  });
}

function softmax(scores: Float64Array): Float64Array {
  const top = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - top));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

function add(a: Float64Array, b: ArrayLike<number>): Float64Array {
  return a.map((value, i) => value + at(b, i));
}

function weightOf(weights: ReferenceWeights, name: string, length: number): ArrayLike<number> {
  const weight = weights.get(name);
  if (weight?.length !== length) {
    throw new Error(`referenceLogits: ${name} must have ${length} values, got ${weight?.length ?? 'none'}`);
  }
  return weight;
}

function at(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  if (value === undefined) throw new Error(`reference model: index must be below ${values.length}, got ${index}`);
  return value;
}

function row(rows: readonly Float64Array[], index: number): Float64Array {
  const values = rows[index];
  if (values === undefined) throw new Error(`reference model: row must be below ${rows.length}, got ${index}`);
  return values;
}

/** Standard normal draws (Box-Muller) from a 32-bit seed by mulberry32. */
function normals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
