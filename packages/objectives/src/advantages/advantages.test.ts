import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchOf } from '../vectors/padded.js';
import { gpgAdvantage } from './gpg.js';
import { groupAdvantage } from './group.js';
import { leaveOneOut } from './leave-one-out.js';
import { lengthWeightedBaseline } from './length-weighted.js';
import { gae, tokenReturns } from './returns.js';
import { outcomeAtEnd, tokenRewards } from './token-rewards.js';
import { whiten } from './whiten.js';

const reward = fc.oneof(fc.constantFrom(0, 1, 0.1), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
const grouped = fc.array(fc.tuple(reward, fc.nat(3)), { minLength: 1, maxLength: 20 });

function columnsOf(members: readonly (readonly [number, number])[]) {
  return {
    rewards: Float64Array.from(members, ([value]) => value),
    group: Int32Array.from(members, ([, group]) => group),
  };
}

describe('group advantages', () => {
  test('sum to 0 within a group of two or more, and are exactly 0 where rewards are equal', () => {
    fc.assert(
      fc.property(grouped, (members) => {
        const { rewards, group } = columnsOf(members);
        const advantages = groupAdvantage(rewards, group, { advantageScale: 'group', advantageEpsilon: 1e-6 });
        for (const g of new Set(group)) {
          const own = members.flatMap(([, id], i) => (id === g ? [i] : []));
          if (own.length < 2) continue;
          const scale = Math.max(...own.map((i) => Math.abs(rewards[i]!)), 1);
          expect(own.reduce((sum, i) => sum + advantages[i]!, 0)).toBeCloseTo(0, scale > 1e3 ? 1 : 5);
          if (own.every((i) => rewards[i] === rewards[own[0]!])) for (const i of own) expect(advantages[i]).toBe(0);
        }
      }),
    );
  });

  test('divide by the deviation of the sample or of the population', () => {
    const rewards = Float64Array.of(0, 2);
    const settings = { advantageScale: 'group', advantageEpsilon: 0 } as const;
    const of = (advantageStd: 'sample' | 'population') =>
      groupAdvantage(rewards, new Int32Array(2), { ...settings, advantageStd });
    expect(of('sample')[1]).toBeCloseTo(Math.SQRT1_2, 12);
    expect(of('population')[1]).toBe(1);
    const batch = batchOf([[1, 1]], {});
    expect(whiten(batch, rewards, 0)[1]).toBeCloseTo(Math.SQRT1_2, 12);
    expect(Array.from(whiten(batch, rewards, 0, 'population'))).toEqual([-1, 1]);
  });

  test('do not change when all rewards of a group are shifted', () => {
    const settings = { advantageScale: 'group', advantageEpsilon: 1e-6 } as const;
    const group = Int32Array.of(0, 0, 0, 0);
    const plain = groupAdvantage(Float64Array.of(0, 1, 1, 3), group, settings);
    const shifted = groupAdvantage(Float64Array.of(5, 6, 6, 8), group, settings);
    plain.forEach((value, i) => expect(shifted[i]).toBeCloseTo(value, 9));
  });

  test('leave out unscored rollouts; one scored member keeps its reward', () => {
    const settings = { advantageScale: 'none', advantageEpsilon: 0 } as const;
    const group = Int32Array.of(0, 0, 0, 1, 1);
    const rewards = Float64Array.of(1, NaN, 0, 2, NaN);
    expect(Array.from(groupAdvantage(rewards, group, settings))).toEqual([0.5, 0, -0.5, 2, 0]);
    expect(Array.from(leaveOneOut(rewards, group))).toEqual([1, 0, -1, 2, 0]);
    expect(Array.from(lengthWeightedBaseline(rewards, group, Float64Array.of(3, 9, 1, 4, 4)))).toEqual([
      0.25, 0, -0.75, 2, 0,
    ]);
  });

  test('GPG scales by the share of samples with signal, by either count', () => {
    const rewards = Float64Array.of(1, -1, 1, 1);
    const group = Int32Array.of(0, 0, 1, 1);
    const paper = gpgAdvantage(rewards, group, { signalCount: 'paper', advantageNorm: 1 });
    const nonzero = gpgAdvantage(rewards, group, { signalCount: 'nonzero-reward', advantageNorm: 2 });
    expect(Array.from(paper)).toEqual([2, -2, 0, 0]);
    expect(Array.from(nonzero)).toEqual([0.5, -0.5, 0, 0]);
  });
});

describe('token returns', () => {
  const mask = [[0, 1, 0, 1, 1]];
  const batch = batchOf(
    mask,
    { oldLogProb: [[0, -1, 0, -2, -3]], refLogProb: [[0, -1.5, 0, -2, -4]] },
    { rewards: [2] },
  );

  test('an outcome sits on the last token that carries loss', () => {
    expect(Array.from(outcomeAtEnd(batch))).toEqual([0, 0, 0, 0, 2]);
    expect(Array.from(outcomeAtEnd({ ...batch, rewards: Float64Array.of(NaN) }))).toEqual([0, 0, 0, 0, 0]);
  });

  test('the KL penalty is taken off every token', () => {
    const rewards = tokenRewards(batch, { rewardSource: 'outcome', rewardKlCoef: 0.1 });
    Array.from(rewards).forEach((value, i) => expect(value).toBeCloseTo([0, -0.05, 0, 0, 1.9][i]!, 12));
  });

  test('a return is cut by an environment token; an advantage estimate skips it', () => {
    const rewards = Float64Array.of(0, 0, 0, 0, 2);
    expect(Array.from(tokenReturns(batch, rewards, 0.5))).toEqual([0, 0, 0, 1, 2]);
    const { advantages, returns } = gae(batch, rewards, new Float64Array(5), 0.5, 1);
    expect(Array.from(advantages)).toEqual([0, 0.5, 0, 1, 2]);
    expect(Array.from(returns)).toEqual([0, 0.5, 0, 1, 2]);
  });

  test('with lambda 1 and gamma 1 the target of the value head is the return to go, whatever the values', () => {
    const values = Float64Array.of(9, 0.3, 9, -0.7, 0.2);
    const { returns } = gae(batch, Float64Array.of(0, 0.5, 0, 0.25, 2), values, 1, 1);
    [0, 2.75, 0, 2.25, 2].forEach((value, i) => expect(returns[i]).toBeCloseTo(value, 12));
  });

  test('whitening gives mean 0 and variance 1 over the tokens that carry loss', () => {
    const white = whiten(batch, Float64Array.of(7, 1, 7, 2, 6));
    const kept = [white[1]!, white[3]!, white[4]!];
    expect(kept.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 9);
    expect(kept.reduce((a, b) => a + b * b, 0) / 2).toBeCloseTo(1, 6);
    expect([white[0], white[2]]).toEqual([0, 0]);
    expect(Array.from(whiten(batch, new Float64Array(5).fill(0.1)))).toEqual([0, 0, 0, 0, 0]);
  });
});
