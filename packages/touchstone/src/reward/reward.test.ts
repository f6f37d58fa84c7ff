import { describe, expect, it } from 'vitest';
import { correct, crashed, incorrect, partial, timeout } from '@touchstone/verify';
import type { OutcomePolicyName, Verdict } from '@touchstone/verify';
import { scoredRollout, someTask } from '../testing/rollouts.js';
import type { RolloutContext } from '../rollout/strategy.js';
import { overlongReward, verdictReward } from './reward.js';

const context = {} as RolloutContext;

async function totalOf(verdict: Verdict, unjudged: OutcomePolicyName, weights: Record<string, number> = { score: 1 }) {
  const group = { task: someTask, rollouts: [scoredRollout({ verdict })] };
  const [[value] = []] = await verdictReward({ weights, unjudged })([group], context);
  return value;
}

describe('verdictReward', () => {
  it('weighs the score and named parts', async () => {
    const verdict = partial(0.5, 'partly', { parts: { steps: 0.25, format: 1 } });
    const value = await totalOf(verdict, 'exclude', { score: 1, steps: 2, format: -0.1 });
    expect(value).toEqual({ total: 0.5 + 0.5 - 0.1, parts: { score: 0.5, steps: 0.25, format: 1 } });
  });

  it.each([
    ['exclude', Number.NaN, Number.NaN],
    ['zero', 0, 0],
    ['penalty', -1, -1],
    ['timeout-is-wrong', 0, Number.NaN],
  ] as const)('gives what could not be judged what the policy %s says', async (policy, ofTimeout, ofCrash) => {
    expect((await totalOf(timeout(50), policy))?.total).toBe(ofTimeout);
    expect((await totalOf(crashed('threw'), policy))?.total).toBe(ofCrash);
    expect((await totalOf(correct('equal'), policy))?.total).toBe(1);
    expect((await totalOf(incorrect('other'), policy))?.total).toBe(0);
  });

  it('names the parts when a weight names none of them', async () => {
    const verdict = correct('equal', { parts: { steps: 1 } });
    await expect(async () => totalOf(verdict, 'exclude', { stepz: 1 })).rejects.toThrow(
      /reward\.weights\.stepz must name a part .* choose from score, steps/,
    );
  });
});

describe('overlongReward', () => {
  it('takes off more the nearer a response comes to the budget', async () => {
    const rollouts = [4, 8, 9, 10].map((length) =>
      scoredRollout({ response: new Array<number>(length).fill(3), verdict: correct('equal') }),
    );
    const plain = verdictReward({ weights: { score: 1 }, unjudged: 'exclude' });
    const reward = overlongReward(plain, { maxNewTokens: 10, buffer: 2, factor: 0.5 });
    const [values = []] = await reward([{ task: someTask, rollouts }], context);
    expect(values.map(({ total }) => total)).toEqual([1, 1, 0.75, 0.5]);
    expect(values[3]?.parts).toEqual({ score: 1, overlong: -0.5 });
  });
});
