import { z } from 'zod';
import { deriveSeed, Random } from '../random.js';
import type { Split, TaskSource } from './task.js';
import { requireIndex } from './task.js';

export const mixtureSettings = z.strictObject({
  of: z
    .array(z.looseObject({ name: z.string(), weight: z.number().positive().default(1) }))
    .min(1)
    .describe('the parts: each a name, its settings, and a weight (default 1)'),
  seed: z.int().min(0).optional().describe('decides which part an index takes; default: that of the run'),
});

export interface MixturePart {
  readonly source: TaskSource;
  /** Relative frequency, positive. */
  readonly weight: number;
}

/**
 * Several sources as one, endless: each index takes a part with probability proportional to its weight, and then a task
 * of that part (finite parts are drawn from with repetition). Parts without tasks in a split stay out of it.
 */
export function mixtureSource(parts: readonly MixturePart[], seed: number): TaskSource {
  const name = 'mixture';
  const weights = (split: Split): number[] => parts.map(({ source, weight }) => (source.size(split) > 0 ? weight : 0));
  const size = (split: Split): number => (weights(split).some((weight) => weight > 0) ? Infinity : 0);
  return {
    name,
    size,
    task: (split, index) => {
      requireIndex(`${name} ${split}`, index, size(split));
      const random = new Random(deriveSeed(seed, name, split, index));
      const part = random.weighted(weights(split));
      const { source } = parts[part] as MixturePart;
      const length = source.size(split);
      const inner = source.task(split, Number.isFinite(length) ? random.integer(0, length - 1) : index);
      return { ...inner, id: `${name}/${split}/${index}`, metadata: { ...inner.metadata, part } };
    },
    judge: (response, task) => {
      const { part } = task.metadata;
      const source = typeof part === 'number' ? parts[part]?.source : undefined;
      if (source === undefined)
        throw new TypeError(`${name}: task ${task.id} is of another source; judge it with its own`);
      return source.judge(response, task);
    },
    close: async () => {
      await Promise.all(parts.flatMap(({ source }) => source.close?.() ?? []));
    },
  };
}
