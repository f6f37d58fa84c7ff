import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uniform } from '../testing/sample-batch.js';
import { constrainedBeams, ItemTrie, keyOf } from './item-trie.js';

const VOCABULARY = 5;
const END = 4;

/** Log-probs of the whole vocabulary that depend on the seed and the prefix only. */
function model(seed: number): (prefix: readonly number[]) => number[] {
  return (prefix) => {
    const draw = uniform(prefix.reduce((hash, token) => 31 * hash + token + 1, seed));
    const logits = Array.from({ length: VOCABULARY }, () => 6 * draw());
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    return logits.map((logit) => logit - total);
  };
}

const catalogue = fc.uniqueArray(fc.array(fc.nat(END - 1), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 12,
  selector: keyOf,
});

test('with beams for all, every item is found once, in the order of its probability', () => {
  fc.assert(
    fc.property(catalogue, fc.nat(1000), (items, seed) => {
      const logProbs = model(seed);
      const found = constrainedBeams(new ItemTrie(items, END), logProbs, { beams: 64 });
      const exhaustive = items
        .map((item) => [...item, END].reduce((sum, token, i) => sum + logProbs(item.slice(0, i))[token]!, 0))
        .sort((a, b) => b - a);
      expect(found.map(({ score }) => score.toFixed(9))).toEqual(exhaustive.map((score) => score.toFixed(9)));
      expect(new Set(found.map(({ item }) => keyOf(item)))).toEqual(new Set(items.map(keyOf)));
    }),
  );
});

test('with few beams, items are valid and distinct; renormalised probabilities are never lower', () => {
  fc.assert(
    fc.property(catalogue, fc.nat(1000), fc.integer({ min: 1, max: 4 }), (items, seed, beams) => {
      const trie = new ItemTrie(items, END);
      const found = constrainedBeams(trie, model(seed), { beams });
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThanOrEqual(beams);
      expect(new Set(found.map(({ item }) => keyOf(item))).size).toBe(found.length);
      for (const { item } of found) expect(items.map(keyOf)).toContain(keyOf(item));
      const [best] = constrainedBeams(trie, model(seed), { beams: 64, renormalise: true });
      expect(best!.score).toBeGreaterThanOrEqual(found[0]!.score - 1e-12);
      expect(best!.score).toBeLessThanOrEqual(1e-12);
    }),
  );
});

test('a prefix of no item is an error, and the end token follows whole items only', () => {
  const trie = new ItemTrie([[1], [1, 2]], END);
  expect(trie.next([])).toEqual([1]);
  expect(trie.next([1])).toEqual([2, END]);
  expect(() => trie.next([2])).toThrow(/ItemTrie.next: the prefix must begin an item, got 2/);
});
