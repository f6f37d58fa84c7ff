import fc from 'fast-check';
import { expect, it } from 'vitest';
import { halveRequests, halveSequences, joinSamples, renumberDrawn } from './halves.js';

const requests = fc.array(
  fc.record({
    seeds: fc.integer({ min: 0, max: 9 }).map((count) => Array.from({ length: count }, (_, i) => i)),
    maxNewTokens: fc.integer({ min: 1, max: 30 }),
  }),
  { minLength: 1, maxLength: 12 },
);

it('halves of requests join to the whole, with about equal work', () => {
  fc.assert(
    fc.property(requests, (drafts) => {
      const whole = drafts.map((draft, i) => ({ ...draft, prompt: Int32Array.of(i) }));
      const parts = halveRequests(whole, 20);
      const units = whole.flatMap(({ seeds, maxNewTokens }) => seeds.map(() => Math.min(20, maxNewTokens)));
      const total = units.reduce((sum, unit) => sum + unit, 0);
      if (!parts) {
        // One of the halves would be empty: a single completion holds at least half of the work.
        expect(Math.max(0, ...units) * 2).toBeGreaterThanOrEqual(total);
        return;
      }
      const [first, second] = parts;
      const mark = (half: typeof first) =>
        half.map(({ prompt, seeds }) =>
          seeds.map((seed) => ({
            tokens: Int32Array.of(prompt[0]!, seed),
            logProbs: new Float32Array(),
            finish: 'stop' as const,
          })),
        );
      const expected = whole.map(({ prompt, seeds }) => seeds.map((seed) => [prompt[0]!, seed]));
      const joined = joinSamples(mark(first), mark(second));
      expect(joined.map((group) => group.map(({ tokens }) => [...tokens]))).toEqual(expected);
      const work = (half: typeof first) =>
        half.reduce((sum, { seeds, maxNewTokens = 20 }) => sum + seeds.length * Math.min(20, maxNewTokens), 0);
      expect(Math.abs(work(first) - work(second))).toBeLessThanOrEqual(Math.max(...units));
      second.forEach(({ prompt, seeds }, request) => {
        seeds.forEach((seed, member) => {
          const [drawn] = renumberDrawn(first, [{ request, member, token: 0, logProb: 0 }]);
          expect(drawn).toMatchObject({ request: prompt[0], member: seed });
        });
      });
    }),
  );
});

it('every sequence of a batch is in one half, with about equal numbers of tokens', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (lengths) => {
      const offsets = new Int32Array(lengths.length + 1);
      lengths.forEach((length, i) => (offsets[i + 1] = offsets[i]! + length));
      const halves = halveSequences({ tokens: new Int32Array(offsets.at(-1)!), offsets });
      const sizes = halves.map((half) => [...half].reduce((sum, i) => sum + lengths[i]!, 0));
      expect([...halves[0], ...halves[1]].sort((a, b) => a - b)).toEqual([...lengths.keys()]);
      expect(Math.abs(sizes[0]! - sizes[1]!)).toBeLessThanOrEqual(Math.max(...lengths));
    }),
  );
});
