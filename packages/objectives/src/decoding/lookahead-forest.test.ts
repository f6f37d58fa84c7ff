import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { treeSequences, treeShare } from '../methods/latr.js';
import {
  forkMask,
  grantForks,
  LookaheadForest,
  type Branch,
  type Candidate,
  type ForestShape,
  type LookaheadRules,
} from './lookahead-forest.js';

const END = 9;
const rules: LookaheadRules = {
  ...{ tauAbs: 0.25, tauRel: 0.15, tauEdit: 0.4, tauSuffix: null, tauRouge: null, filterSteps: [2] },
  ...{ exitWhenFull: false, fullFraction: 0.98, fullDecay: 0 },
};
const ends = (tokens: readonly number[]) => tokens.at(-1) === END;

type Model = (tokens: readonly number[], prompt: number) => readonly (readonly [token: number, prob: number])[];

interface Grown {
  readonly forest: LookaheadForest;
  /** Tokens of each branch of the first tree, as text. */
  readonly texts: readonly string[];
  /** Tokens that the longest branch has. */
  readonly steps: number;
}

function grow(model: Model, shape: Partial<ForestShape> = {}, changed: Partial<LookaheadRules> = {}): Grown {
  const whole = { prompts: 1, places: 4, steps: 8, maxNewTokens: 8, ...shape };
  const forest = new LookaheadForest(whole, { ...rules, ...changed }, ends);
  const next = ({ tokens, prompt }: Branch): Candidate[] =>
    model(tokens, prompt).map(([token, prob]) => ({ token, prob }));
  while (!forest.hasExited) forest.grow(forest.growing().map(next));
  const texts = (forest.branches()[0] ?? []).map(textOf);
  return { forest, texts, steps: Math.max(...texts.map((text) => text.length)) };
}

const textOf = ({ tokens }: Branch) => tokens.join('');

/** Undecided between two tokens at these lengths, sure of 1 elsewhere. */
const undecidedAt =
  (...lengths: readonly number[]): Model =>
  ({ length }) =>
    lengths.includes(length)
      ? [
          [1, 0.5],
          [2, 0.4],
        ]
      : [
          [1, 0.9],
          [2, 0.1],
        ];

describe('forks', () => {
  test('need both a likely candidate and a near one', () => {
    expect(forkMask([0.5, 0.4, 0.05], rules)).toEqual([true, false]);
    expect(forkMask([0.6, 0.3], rules)).toEqual([false]);
    expect(forkMask([0.3, 0.25], rules)).toEqual([false]);
    expect(forkMask([0.4], rules)).toEqual([]);
    expect(forkMask([0.5, 0.5], rules)).toEqual([true]);
  });

  test('take free places by rank, then by branch; branches that have ended keep theirs', () => {
    const masks = [[true, true], [], [true, true], [false, true]];
    expect(grantForks(masks, 4)).toEqual([[false, false], [], [false, false], [false, false]]);
    expect(grantForks(masks, 5)).toEqual([[true, false], [], [false, false], [false, false]]);
    expect(grantForks(masks, 7)).toEqual([[true, true], [], [true, false], [false, false]]);
    expect(grantForks(masks, 20)).toEqual(masks);
  });

  test('that found no place are lost, not queued', () => {
    const { texts } = grow(undecidedAt(0, 1, 2), { places: 2, steps: 4 }, { filterSteps: [] });
    expect(texts).toEqual(['1111', '2111']);
  });

  test('between equals the order of the candidates decides', () => {
    const model: Model = ({ length }) =>
      length === 0
        ? [
            [7, 0.5],
            [3, 0.5],
          ]
        : [[1, 1]];
    expect(grow(model, { steps: 2 }, { filterSteps: [] }).texts).toEqual(['71', '31']);
  });
});

describe('trees', () => {
  test('without an undecided position hold the greedy response in every place', () => {
    const { forest, texts } = grow(undecidedAt());
    expect(texts).toEqual(['11111111']);
    expect(forest.filled()[0]?.map(textOf)).toEqual(new Array(4).fill('11111111'));
    expect(forest.compared).toBe(0);
  });

  test('of one place are greedy', () => {
    expect(grow(undecidedAt(0, 1, 2, 3), { places: 1 }).texts).toEqual(['11111111']);
  });

  test('keep forks whose comparison lies behind the last step', () => {
    const { forest, texts } = grow(undecidedAt(0), { steps: 4 }, { filterSteps: [5] });
    expect(texts).toEqual(['1111', '2111']);
    expect(forest.compared).toBe(0);
  });

  test('fill places that deletions freed', () => {
    // A fork comes back at once: of its two last tokens one differs.
    const { forest, texts } = grow(undecidedAt(0, 3), { places: 2, steps: 4 }, { tauEdit: 0.6 });
    expect(texts).toEqual(['1111', '1112']);
    expect([forest.compared, forest.pruned]).toEqual([1, 1]);
  });

  test('lose with a fork all that descends from it, which counts as one deletion', () => {
    // Token 2 forks at the start, and 3 from it one token later.
    const model: Model = (tokens) => {
      if (tokens.length === 0) return undecidedAt(0)([], 0);
      if (tokens.join('') === '2') {
        return [
          [1, 0.5],
          [3, 0.4],
        ];
      }
      return [[1, 1]];
    };
    expect(grow(model, { steps: 2 }, { filterSteps: [] }).texts).toEqual(['11', '21', '23']);
    const { forest, texts } = grow(model, { steps: 2 }, { tauEdit: 0.6 });
    expect(texts).toEqual(['11']);
    expect([forest.compared, forest.pruned]).toEqual([1, 1]);
  });

  test('delete where any test that is on fires, and roots never', () => {
    const kept = { tauEdit: null, tauSuffix: null, tauRouge: null };
    const last = (changed: Partial<LookaheadRules>) =>
      grow(undecidedAt(0), { steps: 3 }, { ...kept, ...changed }).texts;
    expect(last({})).toEqual(['111', '211']);
    expect(last({ tauEdit: 0.51 })).toEqual(['111']);
    expect(last({ tauEdit: 0.5 })).toEqual(['111', '211']);
    expect(last({ tauSuffix: 0.49 })).toEqual(['111']);
    expect(last({ tauSuffix: 0.5 })).toEqual(['111', '211']);
    expect(last({ tauRouge: 0.49 })).toEqual(['111']);
    expect(last({ tauRouge: 0.5 })).toEqual(['111', '211']);
  });

  test('compare nothing with a response that has ended, which keeps its place', () => {
    const model: Model = (tokens) => {
      if (tokens.length === 0) {
        return [
          [1, 0.5],
          [END, 0.4],
        ];
      }
      return undecidedAt(2)(tokens, 0);
    };
    const { forest, texts } = grow(model, { places: 2, steps: 4 }, { tauEdit: 1.1 });
    expect(texts).toEqual(['1111', '9']);
    expect(forest.compared).toBe(0);
  });

  test('keep the log-prob of every branch', () => {
    const { forest } = grow(undecidedAt(0, 1), { steps: 2 }, { filterSteps: [] });
    const logProbs = forest.branches()[0]!.map(({ logProb }) => Math.exp(logProb));
    [0.25, 0.2, 0.2, 0.16].forEach((prob, i) => expect(logProbs[i]).toBeCloseTo(prob, 12));
  });
});

describe('the exit', () => {
  const full = { exitWhenFull: true, tauEdit: null };

  test('comes with the last step, or when every response has ended', () => {
    expect(grow(undecidedAt(), { steps: 5 }).steps).toBe(5);
    expect(grow(({ length }) => [[length === 2 ? END : 1, 1]]).texts).toEqual(['119']);
  });

  test('comes once the trees are full and every branch is older than the last comparison', () => {
    expect(grow(undecidedAt(0), { places: 2 }, full).steps).toBe(4);
    expect(grow(undecidedAt(2), { places: 2 }, full).steps).toBe(6);
    expect(grow(undecidedAt(2), { places: 2 }, { ...full, exitWhenFull: false }).steps).toBe(8);
    expect(grow(undecidedAt(2), { places: 3 }, full).steps).toBe(8);
    expect(grow(undecidedAt(2), { places: 2 }, { ...full, filterSteps: [] }).steps).toBe(3);
  });

  test('counts a tree whose responses have all ended as full, and waits for the others', () => {
    const model: Model = (tokens, prompt) => (prompt === 1 ? [[END, 1]] : undecidedAt(1)(tokens, 0));
    const { forest } = grow(model, { prompts: 2, places: 2 }, full);
    expect(forest.branches().map((tree) => tree.map(textOf))).toEqual([['11111', '12111'], ['9']]);
  });

  test('needs fewer branches the later it is', () => {
    // Two of three places are taken from the start; 3 (0.98 - n / 8) rounds to 2 from n = 2 on.
    const model = undecidedAt(0);
    const places = { places: 3 };
    expect(grow(model, places, { ...full, filterSteps: [] }).steps).toBe(8);
    expect(grow(model, places, { ...full, filterSteps: [], fullDecay: 1 }).steps).toBe(3);
  });

  test('is where growing ends', () => {
    const { forest } = grow(undecidedAt(), { steps: 1 });
    expect(() => forest.grow([[{ token: 1, prob: 1 }]])).toThrow(/before the exit, got 1/);
    expect(new LookaheadForest({ prompts: 0, places: 1, steps: 1, maxNewTokens: 1 }, rules, ends).hasExited).toBe(true);
    expect(() => new LookaheadForest({ prompts: 1, places: 0, steps: 1, maxNewTokens: 1 }, rules, ends)).toThrow(
      /needs a place and a step at least, got 0 and 1/,
    );
  });
});

test('on any model trees hold distinct responses, within their places, each grown from its parent', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(weights, { minLength: 4, maxLength: 4 }), fc.integer({ min: 1, max: 5 }), (rows, places) => {
      const model: Model = (tokens, prompt) => {
        const row = rows[tokens.at(-1) ?? prompt]!;
        const total = row.reduce((sum, weight) => sum + weight, 0);
        const ranked = row.map((weight, token) => [token === 3 ? END : token, weight / total] as const);
        return ranked.sort((a, b) => b[1] - a[1]).slice(0, 3);
      };
      const wide = { tauAbs: 0.15, tauRel: 0.2, tauEdit: 0.5, filterSteps: [1, 3] };
      const { forest } = grow(model, { prompts: 2, places }, wide);
      for (const [prompt, tree] of forest.branches().entries()) {
        expect(tree.length).toBeLessThanOrEqual(places);
        expect(tree[0]?.parent).toBe(null);
        expect(new Set(tree.map(textOf)).size).toBe(tree.length);
        for (const { parent, birthStep, tokens, logProb } of tree) {
          if (parent !== null) expect(tree).toContain(parent);
          expect(tokens.slice(0, birthStep)).toEqual(parent?.tokens.slice(0, birthStep) ?? []);
          const logProbs = tokens.map((token, i) => {
            const found = model(tokens.slice(0, i), prompt).find(([candidate]) => candidate === token);
            return Math.log(found?.[1] ?? 0);
          });
          expect(logProb).toBeCloseTo(
            logProbs.reduce((sum, value) => sum + value, 0),
            9,
          );
        }
      }
    }),
  );
});

test('eta is that of the last step reached, and K_t its share of the group', () => {
  const schedule = [
    [0, 1],
    [10, 0.75],
    [20, 0],
  ] as const;
  expect([1, 9, 10, 19, 20, 500].map((step) => treeShare(schedule, step))).toEqual([1, 1, 0.75, 0.75, 0, 0]);
  expect(treeShare([[5, 0.5]], 1)).toBe(0.5);
  expect(() => treeShare([], 1)).toThrow(/must have an entry/);
  expect([treeSequences(8, 0.75), treeSequences(2, 0.25), treeSequences(6, 0.25)]).toEqual([6, 0, 2]);
});
