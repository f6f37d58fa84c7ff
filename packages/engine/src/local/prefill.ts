import { prefillGraph } from '../nn/graphs.js';
import { microBatchLimits, packedLengths, sequenceFeeds } from './columns.js';
import type { PrefilledLayers, PromptPlace } from './kv-timeline.js';
import type { ModelState } from './model-state.js';
import { packTokens } from './packed-tokens.js';
import { packSequences } from './packing.js';
import type { SessionCache } from './session-cache.js';
import type { Tensor } from './session.js';

/** A prompt that has been read: its cache and the distribution of the token after it. */
export interface PrefilledPrompt {
  readonly layers: PrefilledLayers;
  readonly place: PromptPlace;
  /** Tokens of the prompt. */
  readonly length: number;
  /** [vocab] */
  readonly probs: Float32Array;
}

/** Reads prompts, equal ones once. All members of a group share the result. */
export async function prefillPrompts(
  sessions: SessionCache,
  model: ModelState,
  prompts: readonly Int32Array[],
  temperature: number,
): Promise<PrefilledPrompt[]> {
  const distinct = new Map(prompts.map((prompt) => [prompt.join(), prompt]));
  const prefilled = await prefillDistinct(sessions, model, [...distinct.values()], temperature);
  const results = new Map([...distinct.keys()].map((key, i) => [key, prefilled[i] as PrefilledPrompt]));
  return prompts.map((prompt) => results.get(prompt.join()) as PrefilledPrompt);
}

async function prefillDistinct(
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
    const feeds = { ...model.tensors, ...sequenceFeeds(packed, config) };
    const out = await session.run(feeds, fetches, packedLengths(packed));
    const data = (name: string) => (out[name] as Tensor).data as Float32Array;
    const each = (name: string) => Array.from({ length: config.layers }, (_, layer) => data(`${name}:${layer}`));
    const layers = { keys: each('keys'), values: each('values'), batch: packed.batch };
    const probs = data('probs');
    packed.source.forEach((t, row) => {
      const sequence = offsets.indexOf(t + 1) - 1;
      results[sequence] = {
        layers,
        place: packed.places.get(sequence) as PromptPlace,
        length: (prompts[sequence] as Int32Array).length,
        probs: probs.subarray(row * config.vocabSize, (row + 1) * config.vocabSize),
      };
    });
  }
  return results;
}
