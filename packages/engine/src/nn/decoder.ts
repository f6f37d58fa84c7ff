import type { Graph, Value } from '../graph/graph.js';
import type { Tape } from '../graph/tape.js';
import type { ModelConfig } from '../model/config.js';
import { parameterShapes, type WeightLayout } from '../model/layout.js';
import { ropeFrequencies } from '../model/rope.js';
import { embedding } from './embedding.js';
import { linear } from './linear.js';
import { rmsNorm } from './rms-norm.js';
import { rotary, rotaryTables } from './rotary.js';
import { swiglu } from './swiglu.js';

/** Looks up a trainable weight by its Hugging Face name. */
export type Parameters = (name: string) => Value;

/**
 * Mixes the tokens of one layer: q [tokens, heads * headDim], k and v [tokens, kvHeads * headDim]; q and k are rotated,
 * and q is divided by sqrt(headDim), so that its product with k is the score.
 */
export type AttentionKernel = (layer: number, q: Value, k: Value, v: Value) => Value;

/** What the decoder reads: ids [tokens] (i32) and positions [tokens, 1] (i64). */
export interface DecoderInputs {
  readonly ids: Value;
  readonly positions: Value;
}

/** Declares every weight of the model as a constant of the graph on first use, for inference with one set of weights. */
export function constantWeights(graph: Graph, layout: WeightLayout): Parameters {
  return (name) => {
    const { shape, offset } = layout.slices.get(name) ?? missing(name);
    return graph.weight(name, shape, offset);
  };
}

/** Declares every weight of the model as a parameter of the graph on first use. */
export function modelParameters(tape: Tape, config: ModelConfig): Parameters {
  const shapes = parameterShapes(config);
  return (name) => {
    return tape.parameter(name, shapes.get(name) ?? missing(name));
  };
}

function missing(name: string): never {
  throw new Error(`decoder: a module asked for ${name}, which the model lacks; this is our bug`);
}

/**
 * The decoder of Llama, Qwen2 and Qwen3 up to the hidden states before the final norm, [tokens, hidden]. How tokens
 * see each other is the caller's `attend`, so that training and generation share every other line.
 */
export function decoder(
  tape: Tape,
  config: ModelConfig,
  parameters: Parameters,
  inputs: DecoderInputs,
  attend: AttentionKernel,
): Value {
  const tables = (scale: number) => rotaryTables(tape, ropeFrequencies(config), config.contextLength, scale);
  const [queryTables, keyTables] = [tables(1 / Math.sqrt(config.headDim)), tables(1)];
  let hidden = embedding(tape, parameters('model.embed_tokens.weight'), inputs.ids);
  for (let layer = 0; layer < config.layers; layer++) {
    const weight: Parameters = (name) => parameters(`model.layers.${layer}.${name}`);
    const normed = rmsNorm(tape, hidden, weight('input_layernorm.weight'), config.normEps);
    const [q, k, v] = projections(tape, config, weight, normed);
    const turnedQuery = rotary(tape, q, inputs.positions, queryTables);
    const turnedKey = rotary(tape, k, inputs.positions, keyTables);
    const mixed = attend(layer, turnedQuery, turnedKey, v);
    const between = linear(tape, mixed, weight('self_attn.o_proj.weight'), { residual: hidden });
    hidden = feedForward(tape, config, weight, between);
  }
  return hidden;
}

function projections(tape: Tape, config: ModelConfig, weight: Parameters, x: Value): [Value, Value, Value] {
  const project = (name: string) => {
    const bias = config.qkvBias ? weight(`self_attn.${name}_proj.bias`) : undefined;
    return linear(tape, x, weight(`self_attn.${name}_proj.weight`), { bias });
  };
  const normalise = (y: Value, name: string) => {
    if (!config.qkNorm) return y;
    const heads = (y.shape[1] as number) / config.headDim;
    const perHead = tape.reshape(y, [-1, config.headDim], [`${y.shape[0]}*${heads}`, config.headDim]);
    const normed = rmsNorm(tape, perHead, weight(`self_attn.${name}_norm.weight`), config.normEps);
    return tape.reshape(normed, [-1, y.shape[1] as number], y.shape);
  };
  return [normalise(project('q'), 'q'), normalise(project('k'), 'k'), project('v')];
}

function feedForward(tape: Tape, config: ModelConfig, weight: Parameters, x: Value): Value {
  const normed = rmsNorm(tape, x, weight('post_attention_layernorm.weight'), config.normEps);
  const gate = linear(tape, normed, weight('mlp.gate_proj.weight'));
  const up = linear(tape, normed, weight('mlp.up_proj.weight'));
  return linear(tape, swiglu(tape, gate, up), weight('mlp.down_proj.weight'), { residual: x });
}

/** The last hidden states, which the heads read: [rows, hidden] of those before the final norm. */
export function finalNorm(tape: Tape, config: ModelConfig, parameters: Parameters, hidden: Value): Value {
  return rmsNorm(tape, hidden, parameters('model.norm.weight'), config.normEps);
}

/**
 * Logits / temperature [rows, vocab] of the last hidden states [rows, hidden].
 *
 * @param inverseTemperature [rows, 1]; applied before the head, where a row is narrow.
 */
export function outputHead(
  tape: Tape,
  config: ModelConfig,
  parameters: Parameters,
  normed: Value,
  inverseTemperature: Value,
): Value {
  const scaled = tape.scaleRows(normed, inverseTemperature);
  return linear(tape, scaled, parameters(config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight'));
}
