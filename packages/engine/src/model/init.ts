import { RandomStream } from '../random.js';
import type { ModelConfig } from './config.js';
import { VALUE_HEAD, weightLayout, weightView } from './layout.js';
import type { ModelWeights } from './layout.js';

/** Projections that write into the residual stream: two a layer, so their sum would grow with depth. */
const RESIDUAL = /\.(o_proj|down_proj)\.weight$/;

/**
 * Weights to train from nothing: norms 1, biases 0, matrices normal with standard deviation `initializerRange`, those
 * that write into the residual stream divided by sqrt(2 * layers) (GPT-2, section 2.3). Each tensor draws from a stream
 * of its own, so a tensor depends on the seed, its name and its length only.
 */
export function initWeights(config: ModelConfig, seed: number): ModelWeights {
  const layout = weightLayout(config);
  const data = new Float32Array(layout.length);
  drawWeights({ layout, data }, config, seed, [...layout.slices.keys()]);
  return { layout, data };
}

/** The same weights with a value head, drawn from `seed`, behind them: as the head of a classifier of transformers. */
export function withValueHead({ data }: ModelWeights, config: ModelConfig, seed: number): ModelWeights {
  const layout = weightLayout({ ...config, valueHead: true });
  const weights = { layout, data: new Float32Array(layout.length) };
  weights.data.set(data);
  drawWeights(weights, config, seed, Object.values(VALUE_HEAD));
  return weights;
}

function drawWeights(weights: ModelWeights, config: ModelConfig, seed: number, names: readonly string[]): void {
  for (const name of names) {
    const target = weightView(weights, name);
    if (weights.layout.slices.get(name)?.shape.length === 1) {
      target.fill(name.endsWith('.bias') ? 0 : 1);
      continue;
    }
    const scale = config.initializerRange / (RESIDUAL.test(name) ? Math.sqrt(2 * config.layers) : 1);
    const random = new RandomStream(seed, name);
    for (let i = 0; i < target.length; i++) target[i] = scale * random.normal();
  }
}
