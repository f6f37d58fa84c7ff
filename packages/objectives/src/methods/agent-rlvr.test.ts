import { expect, test } from 'vitest';
import { preferencePairs } from './agent-rlvr.js';

test('losers are reused in turn, each task for itself, and order of tasks does not mix them', () => {
  const attempt = (id: string, success: boolean, guided = false) => ({ task: id.slice(0, 1), id, guided, success });
  const { pairs, tasksNeedingGuidance, unguidedSuccesses } = preferencePairs([
    attempt('b1', true, true),
    attempt('a1', true),
    attempt('b2', false),
    attempt('a2', false),
    attempt('b3', false),
    attempt('b4', true, true),
    attempt('b5', true, true),
    attempt('c1', false, true),
  ]);
  expect(pairs).toEqual([
    ['b1', 'b2'],
    ['a1', 'a2'],
    ['b4', 'b3'],
    ['b5', 'b2'],
  ]);
  expect(tasksNeedingGuidance).toEqual(['b', 'c']);
  expect(unguidedSuccesses).toEqual(['a1']);
});
