import { describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { applySetting } from './set.js';

describe('applySetting', () => {
  it.each([
    ['steps=5', { steps: 5 }],
    ['rollout.group=4', { rollout: { group: 4, prompts: 2 } }],
    ['name=abc', { name: 'abc' }],
    ['name="12"', { name: '12' }],
    ['a.b.c=true', { a: { b: { c: true } } }],
    ['list=[1,2]', { list: [1, 2] }],
    ['rollout.stop=["=", "\\n"]', { rollout: { prompts: 2, stop: ['=', '\n'] } }],
    ['about=x=y', { about: 'x=y' }],
    ['about=', { about: '' }],
    ['objective.clipLow=0.1', { objective: { name: 'grpo', clipLow: 0.1 } }],
    ['objective=dapo', { objective: 'dapo' }],
    [' steps =5', { steps: 5 }],
  ])('%s', (assignment, expected) => {
    expect(applySetting({ rollout: { prompts: 2 }, objective: 'grpo' }, assignment)).toMatchObject(expected);
  });

  it('changes a copy', () => {
    const recipe = { rollout: { group: 2 } };
    applySetting(recipe, 'rollout.group=4');
    expect(recipe).toEqual({ rollout: { group: 2 } });
  });

  it('reaches no prototype', () => {
    const changed = applySetting({}, '__proto__.polluted=1');
    expect(Object.keys(changed)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each(['steps', '=5', 'a..b=1', '.a=1', ''])('refuses %j', (assignment) => {
    expect(() => applySetting({}, assignment)).toThrow(UserError);
  });
});
