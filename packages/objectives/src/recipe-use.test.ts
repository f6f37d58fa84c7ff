import { expect, test } from 'vitest';
import * as everything from './index.js';
import { methods } from './registry.js';
import type { MethodName } from './names.js';
import { recipeUse } from './recipe-use.js';

test('every function that the table of methods names is exported, and every method says how it is reached', () => {
  for (const name of Object.keys(methods) as MethodName[]) {
    const use = recipeUse(name);
    expect(use.length, name).toBeGreaterThan(3);
    for (const [, word = ''] of use.matchAll(/\(`(\w+)`\)|with `(\w+)`/g)) {
      if (word !== '') expect(Object.keys(everything), name).toContain(word);
    }
  }
});

test('an objective is named as --set takes it, a part by where it stands', () => {
  expect(recipeUse('grpo')).toBe('`objective=grpo`');
  expect(recipeUse('dynamic-sampling')).toBe('`filter.name=signal`');
});
