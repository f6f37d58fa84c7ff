import { EngineError } from '../errors.js';
import type { ModelConfig } from './config.js';

/**
 * The weights a model has, by their Hugging Face names, in the order in which the engine stores them. Matrices of
 * linear maps are [outputs, inputs]. The single truth on what a family consists of.
 */
export function parameterShapes(config: ModelConfig): ReadonlyMap<string, readonly number[]> {
  const { hiddenSize: hidden, intermediateSize: inner, headDim, vocabSize } = config;
  const queries = config.heads * headDim;
  const keys = config.kvHeads * headDim;
  const shapes = new Map<string, readonly number[]>([['model.embed_tokens.weight', [vocabSize, hidden]]]);
  for (let layer = 0; layer < config.layers; layer++) {
    const attention = `model.layers.${layer}.self_attn`;
    const mlp = `model.layers.${layer}.mlp`;
    shapes.set(`model.layers.${layer}.input_layernorm.weight`, [hidden]);
    for (const [name, rows] of [
      ['q', queries],
      ['k', keys],
      ['v', keys],
    ] as const) {
      shapes.set(`${attention}.${name}_proj.weight`, [rows, hidden]);
      if (config.qkvBias) shapes.set(`${attention}.${name}_proj.bias`, [rows]);
    }
    if (config.qkNorm) {
      shapes.set(`${attention}.q_norm.weight`, [headDim]);
      shapes.set(`${attention}.k_norm.weight`, [headDim]);
    }
    shapes.set(`${attention}.o_proj.weight`, [hidden, queries]);
    shapes.set(`model.layers.${layer}.post_attention_layernorm.weight`, [hidden]);
    shapes.set(`${mlp}.gate_proj.weight`, [inner, hidden]);
    shapes.set(`${mlp}.up_proj.weight`, [inner, hidden]);
    shapes.set(`${mlp}.down_proj.weight`, [hidden, inner]);
  }
  shapes.set('model.norm.weight', [hidden]);
  if (!config.tiedEmbeddings) shapes.set('lm_head.weight', [vocabSize, hidden]);
  if (config.valueHead) {
    shapes.set(VALUE_HEAD.weight, [1, hidden]);
    shapes.set(VALUE_HEAD.bias, [1]);
  }
  return shapes;
}

/** The value head, as transformers names the head of a token classifier with one label. */
export const VALUE_HEAD = { weight: 'score.weight', bias: 'score.bias' } as const;

/** Whether a weight is of the value head, which lies in a file of its own. */
export function isOfValueHead(name: string): boolean {
  return name === VALUE_HEAD.weight || name === VALUE_HEAD.bias;
}

/** Where one tensor lies in the flat array: `data.subarray(offset, offset + length)`, row-major. */
export interface WeightSlice {
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** All tensors of a model, one after the other without gaps, so that an optimiser sees one flat array. */
export interface WeightLayout {
  readonly slices: ReadonlyMap<string, WeightSlice>;
  /** Number of weights. */
  readonly length: number;
}

export interface ModelWeights {
  readonly layout: WeightLayout;
  /** Length `layout.length`. */
  readonly data: Float32Array;
}

/** The flat layout of a model's weights, in the order of `parameterShapes`. */
export function weightLayout(config: ModelConfig): WeightLayout {
  const slices = new Map<string, WeightSlice>();
  let offset = 0;
  for (const [name, shape] of parameterShapes(config)) {
    const length = shape.reduce((product, size) => product * size, 1);
    slices.set(name, { shape, offset, length });
    offset += length;
  }
  return { slices, length: offset };
}

/** The view of one tensor; writing to it writes to the model. */
export function weightView(weights: ModelWeights, name: string): Float32Array {
  const slice = weights.layout.slices.get(name);
  if (slice === undefined) {
    throw new EngineError('invalid-argument', {
      at: 'weightView',
      rule: 'name must be a tensor of the model',
      got: name,
      fix: `use one of its ${weights.layout.slices.size} names, such as model.norm.weight`,
    });
  }
  return weights.data.subarray(slice.offset, slice.offset + slice.length);
}
