import { describe, expect, it } from 'vitest';
import { correct, unscorable } from '@touchstone/verify';
import { groupOf, scoredRollout, someTask } from '../testing/rollouts.js';
import { groupFilters, groupSignal } from './filter.js';

const unjudged = scoredRollout({ reward: Number.NaN, verdict: unscorable('no-reference') });

describe('groupSignal', () => {
  it.each([
    ['mixed', groupOf(0, 1, 0)],
    ['mixed', groupOf(0.25, 0.5)],
    ['all-right', groupOf(1, 1)],
    ['all-wrong', groupOf(0, 0, 0)],
    ['unjudged', groupOf()],
    ['unjudged', groupOf(1)],
    ['unjudged', { task: someTask, rollouts: [unjudged, unjudged] }],
    ['all-wrong', { task: someTask, rollouts: [unjudged, ...groupOf(0, 0).rollouts] }],
    ['mixed', { task: someTask, rollouts: [unjudged, ...groupOf(0, 1).rollouts] }],
    [
      'all-equal',
      {
        task: someTask,
        rollouts: [scoredRollout({ reward: 0.5 }), scoredRollout({ reward: 0.5, verdict: correct('equal') })],
      },
    ],
  ] as const)('%s', (signal, group) => {
    expect(groupSignal(group)).toBe(signal);
  });
});

describe('groupFilters', () => {
  const groups = [groupOf(0, 1), groupOf(1, 1), groupOf(), { task: someTask, rollouts: [unjudged] }, groupOf(1)];

  it('signal keeps groups that can teach', () => {
    expect(groupFilters.signal(groups)).toEqual([groups[0]]);
  });

  it('none keeps every group with a judged rollout', () => {
    expect(groupFilters.none(groups)).toEqual([groups[0], groups[1], groups[4]]);
  });
});
