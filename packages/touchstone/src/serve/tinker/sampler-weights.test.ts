import type { Engine } from '@touchstone/engine';
import { describe, expect, it } from 'vitest';
import { SamplerWeights } from './sampler-weights.js';

describe('SamplerWeights', () => {
  it('keeps the newest weights while all older ones are in use, and the limit once they are not', async () => {
    const weights = new SamplerWeights(1);
    const disposed: string[] = [];
    const engine = (name: string): Engine =>
      ({ dispose: () => Promise.resolve(void disposed.push(name)) }) as unknown as Engine;
    weights.hold('old', engine('old'));
    let free = (): void => undefined;
    const use = weights.use('old', undefined, () => new Promise<void>((resolve) => (free = resolve)));
    await Promise.resolve();
    weights.hold('new', engine('new'));
    expect(weights.has('new')).toBe(true);
    free();
    await use;
    expect(weights.has('old')).toBe(false);
    expect(weights.has('new')).toBe(true);
    await weights.dispose();
    expect(disposed).toEqual(['old', 'new']);
  });
});
