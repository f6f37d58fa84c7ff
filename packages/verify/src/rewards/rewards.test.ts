import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heldOutKeys } from '../hardening/keys.js';
import * as rewards from './index.js';
import { mean, standardDeviation, standardize } from './statistics.js';

const { counterfactual, interventional, observational } = rewards.structuralCausalModel;

describe('statistics', () => {
  test('standardised values have mean 0, and constant ones are 0', () => {
    expect(mean(standardize([1, 2, 6], 0))).toBeCloseTo(0);
    expect(standardDeviation(standardize([1, 2, 6], 0), 1)).toBeCloseTo(1);
    expect(standardize([3, 3], 1e-6)).toEqual([0, 0]);
    expect([standardDeviation([5], 1), mean([])]).toEqual([0, 0]);
  });
});

describe('rlir', () => {
  const { inverseReward } = rewards.rlir;

  test('an action counts only as a whole, and a frame that is missing counts 0', () => {
    const commanded = [
      [1, 0],
      [2, 2],
      [0, 1],
    ];
    expect(inverseReward(commanded, commanded)).toEqual({
      ...{ frames: [1, 1, 1], reward: 1, componentReward: 1, validity: 1 },
    });
    expect(
      inverseReward(
        [
          [1, 0],
          [2, 0],
        ],
        commanded,
      ),
    ).toMatchObject({ frames: [1, 0, 0], reward: 1 / 3, componentReward: 0.5 });
    expect(inverseReward([[1]], [[1, 0]])).toMatchObject({ frames: [0], componentReward: 0.5 });
    expect(inverseReward([], [])).toEqual({ frames: [], reward: 0, componentReward: 0, validity: 1 });
  });

  test('a frame that is no state of the world earns nothing, only where validity is given', () => {
    const actions = [[1], [2], [0], [3]];
    const gated = inverseReward(actions, actions, { valid: [true, false, true] });
    expect(gated).toEqual({ frames: [1, 0, 1, 0], reward: 0.5, componentReward: 1, validity: 0.5 });
    expect(inverseReward(actions, actions, { valid: [true, true, true, true] })).toEqual(
      inverseReward(actions, actions),
    );
  });

  test('transitions that several actions explain are matched by a rule of the world', () => {
    const walls = [false, true, true];
    const matches = (read: readonly number[], wanted: readonly number[], frame: number) =>
      walls[frame] === true || read[0] === wanted[0];
    const read = [[1], [0]];
    const wanted = [[2], [2], [2]];
    expect(inverseReward(read, wanted, { matches }).frames).toEqual([0, 1, 0]);
    expect(inverseReward(read, wanted).frames).toEqual([0, 0, 0]);
  });
});

describe('structural causal models', () => {
  const probability = fc.integer({ min: 1, max: 99 }).map((percent) => [percent / 100, 1 - percent / 100]);
  const model = fc
    .tuple(probability, probability, probability, probability, probability)
    .map(([p0, p1a, p1b, p2a, p2b]) => ({
      parents: [[], [0], [0, 1]],
      cpts: [
        p0,
        [p1a, p1b],
        [
          [p2a, p2b],
          [p2b, p1a],
        ],
      ],
    }));

  /** Sums the joint distribution state by state. */
  const joint = (cpts: readonly unknown[], states: readonly [number, number, number]): number => {
    const [a, b, c] = states;
    const [p0, p1, p2] = cpts as [number[], number[][], number[][][]];
    return p0[a]! * p1[a]![b]! * p2[a]![b]![c]!;
  };
  const all = [0, 1].flatMap((a) => [0, 1].flatMap((b) => [0, 1].map((c) => [a, b, c] as const)));

  test('association agrees with the summed joint distribution', () => {
    fc.assert(
      fc.property(
        model,
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 1 }),
        fc.integer({ min: 0, max: 2 }),
        (scm, o, x, k) => {
          const seen = all.filter((states) => states[o] === x);
          const total = seen.reduce((sum, states) => sum + joint(scm.cpts, states), 0);
          const ones = seen
            .filter((states) => states[k] === 1)
            .reduce((sum, states) => sum + joint(scm.cpts, states), 0);
          expect(observational(scm, o, x, k).distribution[1]).toBeCloseTo(ones / total, 10);
        },
      ),
    );
  });

  test('without evidence that bears on it a counterfactual is the intervention, and acting on a root is seeing it', () => {
    fc.assert(
      fc.property(model, fc.integer({ min: 0, max: 1 }), (scm, c) => {
        // Seeing variable 0 and then setting it to the value it had changes nothing.
        const same = counterfactual(scm, 0, c, 0, c, 2).distribution;
        expect(same[1]).toBeCloseTo(observational(scm, 0, c, 2).distribution[1]!, 10);
        expect(interventional(scm, 0, c, 2).distribution[1]).toBeCloseTo(
          observational(scm, 0, c, 2).distribution[1]!,
          10,
        );
        expect(counterfactual(scm, 2, 1, 1, c, 1).distribution).toEqual(c === 1 ? [0, 1] : [1, 0]);
      }),
    );
  });

  test('a selector with too many states is refused', () => {
    const wide = Array.from({ length: 11 }, () => Array.from({ length: 11 }, () => 1 / 11));
    const scm = { parents: [[], [0]], cpts: [wide[0]!, wide] };
    expect(() => counterfactual(scm, 0, 0, 0, 1, 1)).toThrow('got 285311670611');
  });
});

describe('rewards of single methods', () => {
  test('stuffed keywords score less than a clean answer (rlvrr)', () => {
    const reference = 'Solar panels give electricity.';
    const points = [[['solar panels', 'electricity']]];
    const clean = rewards.rlvrr.contentReward(reference, points, reference);
    expect(clean).toBe(1);
    expect(rewards.rlvrr.contentReward(`${reference} `.repeat(5), points, reference)).toBeCloseTo(0.2);
    const broken = rewards.rlvrr.chainReward('x', points, reference, [{ kind: 'regex', value: '(', weight: 1 }]);
    expect(broken.checksPassed).toEqual([false]);
  });

  test('an empty thought is unusable unless allowed (raif)', () => {
    const text = '<think></think><answer>a</answer>';
    expect(rewards.raif.raifRuleReward(text, [true]).total).toBe(-1);
    expect(rewards.raif.raifRuleReward(text, [true], { emptyThoughtAllowed: true }).total).toBe(3);
  });

  test('the turn reward leaves its input alone and credits a call once (tool-envs)', () => {
    const call = '<tool_call>{"name": "f", "arguments": {}}</tool_call>';
    const unsolved = { f: ['Paris', 'par'] };
    const step = { response: `${call}<|im_end|>`, toolOutputs: ['Paris'], unsolved, solveRate: 0, answer: 'x' };
    const { score, remaining } = rewards.toolEnvs.toolStepReward(step);
    expect([score.f1, remaining, unsolved.f.length]).toEqual([1, { f: ['par'] }, 2]);
  });

  test('incorrect is not correct (verifybench)', () => {
    expect(rewards.verifyBench.parseVerdict('it is correct... no, incorrect', 'last')).toBe(0);
    expect(rewards.verifyBench.parseVerdict('[Correct].', 'word')).toBe(1);
  });

  test('keys without content are degenerate, in any case and with any marks; answers and openers with content are not (one-token-judge)', () => {
    const { isDegenerateResponse, masterKeys, parseYesNoVerdict } = rewards.oneTokenJudge;
    for (const key of [...masterKeys, '', '!?', ' thought PROCESS ']) {
      expect(isDegenerateResponse(key), key).toBe(true);
      expect(isDegenerateResponse(`${key} 7`), key).toBe(false);
    }
    for (const text of ['7', 'B', '解 7', 'Solution: x = 2', ...heldOutKeys]) {
      expect(isDegenerateResponse(text), text).toBe(false);
    }
    expect(parseYesNoVerdict('YESTERDAY').verdict).toBeNull();
  });

  test.each([
    ['Take 3.5 of it. Then stop.', 'Take 3.5 of it.'],
    ['まず考える。答えは7。', 'まず考える。'],
    ['好的。答案是 7', '好的。'],
    ['  We begin\nhere. ', 'We begin'],
    ['no end', 'no end'],
  ])('%j is cut after its first sentence and labelled NO (one-token-judge)', (response, negative) => {
    expect(rewards.oneTokenJudge.firstSentenceNegative(response)).toEqual({ negative, label: 'NO' });
  });

  test('false positives are averaged by key (one-token-judge)', () => {
    const { falsePositiveRates } = rewards.oneTokenJudge;
    const verdicts = [
      [1, 0],
      [0, 0],
      [1, 1],
    ];
    expect(falsePositiveRates(verdicts)).toEqual({ perKey: [0.5, 0, 1], average: 0.5, worst: 1 });
    expect(falsePositiveRates([])).toEqual({ perKey: [], average: 0, worst: 0 });
  });

  test('repeating tokens lowers the path reward (kg-reward)', () => {
    const path = 'aspirin treats headache';
    const of = (thought: string): number =>
      rewards.kgReward.pathRewards(`<think>${thought}</think><answer>A</answer>`, 'A', path).path;
    expect(of('aspirin treats headache well')).toBeCloseTo(1.5);
    expect(of('aspirin treats headache headache headache headache headache')).toBeLessThan(0.5);
  });

  test('partial ratio finds the best place, and grows worse with edits (rlbff)', () => {
    expect(rewards.rlbff.partialRatio('abc', 'xxabcxx')).toBe(100);
    expect(rewards.rlbff.partialRatio('', 'abc')).toBe(0);
    expect(rewards.rlbff.partialRatio('abcd', 'xxabxdxx')).toBeCloseTo(75);
  });

  test('a crop, a shuffle and its answer fit together (ssl4rl)', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (order) => {
        const answer = rewards.ssl4rl.jigsawAnswer(order).split(',').map(Number);
        expect(answer.map((shown) => order[shown - 1])).toEqual([0, 1, 2, 3]);
        expect(rewards.ssl4rl.jigsawReward(`<answer>${answer.join(', ')}</answer>`, answer.join(','))).toBe(1);
      }),
    );
  });

  test('stray tags fail the format but not the parse (rewatch-r1)', () => {
    const trace = rewards.rewatchR1.parseActionTrace(
      '<action>a</action><action>b</action><observation>o</observation><answer>x',
    );
    expect(trace).toEqual({ steps: [['b', 'o']], stray: 1, answer: null, format: 0 });
  });

  test('exact McNemar reproduces published values (perception-r1)', () => {
    expect(rewards.perceptionR1.mcnemarExact(2, 10)).toBeCloseTo(0.0386, 4);
    expect(rewards.perceptionR1.mcnemarExact(0, 0)).toBe(1);
  });
});

test('parsers of model text neither throw nor hang on hostile input', () => {
  const tags = [
    '<think>',
    '</think>',
    '<answer>',
    '</answer>',
    '<scores>',
    '<info1>',
    '\\boxed{',
    '}',
    '[[',
    'ANSWER [',
    '1, ',
    'Change:',
    '\n',
    '<action>',
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...tags), fc.string({ unit: 'binary' })), { maxLength: 25 })
    .map((pieces) => pieces.join(''));
  const parsers: readonly ((source: string) => unknown)[] = [
    (source) => rewards.raif.raifRuleReward(source, [true]),
    (source) => rewards.causalTestbed.causalScore(source, [0.5, 0.5]),
    (source) => rewards.clsRl.classRewards(source, source),
    (source) => rewards.kgReward.pathRewards(source, 'A', source),
    (source) => rewards.rmNlhf.parseSimilarityScores(source),
    (source) => rewards.rewatchR1.parseActionTrace(source),
    (source) => rewards.perceptionR1.visualScores(source),
    (source) => rewards.perceptionR1.perceptionFormat(source),
    (source) => rewards.rlver.parseEmotionChange(source),
    (source) => rewards.spct.parseScores(source, 2),
    (source) => rewards.rlpt.segmentReward(source, ['a b c.']),
    (source) => rewards.oneTokenJudge.parseYesNoVerdict(source),
    (source) => rewards.hallucination.parseGrade(source),
    (source) => rewards.alphaAlign.alphaRewards([source], true, null),
    (source) => rewards.goldenGoose.boxedLetterReward(source, 'A', 4),
    (source) => rewards.medsamAgent.interactionFormat(source),
  ];
  fc.assert(
    fc.property(text, (source) => {
      for (const parse of parsers) parse(source);
    }),
    { numRuns: 300 },
  );
  for (const unit of [...tags, ' ', 'a', '.', '-']) {
    const long = unit.repeat(Math.floor(200_000 / unit.length));
    for (const [index, parse] of parsers.entries()) {
      const startedMs = performance.now();
      parse(long);
      expect(performance.now() - startedMs, `parser ${index} on ${unit}`).toBeLessThan(1500);
    }
  }
});
