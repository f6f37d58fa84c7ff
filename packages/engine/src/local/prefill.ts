import { prefillGraph } from '../nn/graphs.js';
import { microBatchLimits, packedLengths, sequenceFeeds } from './columns.js';
import type { PrefilledLayers } from './kv-timeline.js';
import type { ModelState } from './model-state.js';
import { packSequences, packTokens } from './packing.js';
import type { SessionCache } from './session-cache.js';
import type { Tensor } from './session.js';

/** A prompt that has been read: its cache and the distribution of the token after it. */
export interface PrefilledPrompt {
  readonly layers: PrefilledLayers;
  /** Which sequence of `layers` it is. */
  readonly column: number;
  /** Tokens of the prompt. */
  readonly length: number;
  /** [vocab] */
  readonly probs: Float32Array;
}

/** Reads prompts, those of similar length together. All members of a group share the result. */
export async function prefillPrompts(
  sessions: SessionCache,
  model: ModelState,
  prompts: readonly Int32Array[],
  temperature: number,
): Promise<PrefilledPrompt[]> {
  const { config } = model;
  const session = await sessions.get(config, 'prefill', () => prefillGraph(config));
  // One made-up token after each prompt: the only scored one, so that the graph gives the distribution there.
  const offsets = new Int32Array(prompts.length + 1);
  prompts.forEach((prompt, i) => (offsets[i + 1] = (offsets[i] as number) + prompt.length + 1));
  const tokens = new Int32Array(offsets.at(-1) as number);
  const scored = new Uint8Array(tokens.length);
  prompts.forEach((prompt, i) => {
    tokens.set(prompt, offsets[i]);
    scored[(offsets[i] as number) + prompt.length] = 1;
  });
  const batch = { tokens, offsets, scored, temperature };
  const results: PrefilledPrompt[] = [];
  for (const micro of packSequences(batch, microBatchLimits(config.vocabSize))) {
    const packed = packTokens(batch, micro);
    const fetches: Record<string, Tensor | null> = { probs: null };
    for (let layer = 0; layer < config.layers; layer++) {
      fetches[`keys:${layer}`] = null;
      fetches[`values:${layer}`] = null;
    }
    const feeds = { ...model.tensors, ...sequenceFeeds(packed) };
    const out = await session.run(feeds, fetches, packedLengths(packed));
    const data = (name: string) => (out[name] as Tensor).data as Float32Array;
    const each = (name: string) => Array.from({ length: config.layers }, (_, layer) => data(`${name}:${layer}`));
    const layers = { keys: each('keys'), values: each('values'), batch: packed.batch };
    const probs = data('probs');
    micro.sequences.forEach((sequence, column) => {
      results[sequence] = {
        layers,
        column,
        length: (prompts[sequence] as Int32Array).length,
        probs: probs.subarray(column * config.vocabSize, (column + 1) * config.vocabSize),
      };
    });
  }
  return results;
}
