import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { UserError } from '../errors.js';
import { editDistance, nearest, parseSettings, unknownName } from './nearest.js';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['learningrate', 'learningRate', 1],
  ])('%s to %s is %d', (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits);
  });

  it('is symmetric, zero only for equal words, and at most the longer length', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('nearest', () => {
  it('finds what was meant and nothing far away', () => {
    const known = ['learningRate', 'groupSize', 'seed'];
    expect(nearest('learning_rate', known)).toBe('learningRate');
    expect(nearest('groupsize', known)).toBe('groupSize');
    expect(nearest('sed', known)).toBe('seed');
    expect(nearest('zzzzzz', known)).toBeUndefined();
    expect(nearest('s'.repeat(100_000), known)).toBeUndefined();
  });

  it('says what is known when nothing is near', () => {
    expect(unknownName('task', 'adition', ['addition', 'sorting'])).toBe(
      'unknown task "adition"; did you mean "addition"?',
    );
    expect(unknownName('task', 'qqq', ['addition', 'sorting'])).toBe('unknown task "qqq"; known are addition, sorting');
  });
});

describe('parseSettings', () => {
  const schema = z
    .strictObject({
      steps: z.int().min(1).default(10),
      engine: z.strictObject({ threads: z.int() }).optional(),
      tasks: z.array(z.strictObject({ weight: z.number() })).default([]),
      plan: z
        .preprocess(
          (value) => (typeof value === 'string' ? { name: value } : value),
          z.discriminatedUnion(
            'name',
            [
              z.strictObject({ name: z.literal('slow') }),
              z.strictObject({ name: z.literal('fast'), pace: z.number() }),
            ],
            { error: 'must be slow or fast' },
          ),
        )
        .optional(),
    })
    .refine(({ steps }) => steps !== 13, { error: 'Steps must not be 13' });

  it('fills in defaults', () => {
    expect(parseSettings('x.json', schema, {})).toEqual({ steps: 10, tasks: [] });
  });

  it.each<[unknown, string]>([
    [{ stepz: 3 }, 'x.json: unknown key "stepz"; did you mean "steps"?'],
    [{ engine: { thread: 2, threads: 2 } }, 'x.json: unknown key "engine.thread"; did you mean "engine.threads"?'],
    [{ tasks: [{ wieght: 1, weight: 1 }] }, 'x.json: unknown key "tasks.0.wieght"; did you mean "tasks.0.weight"?'],
    [{ steps: 'many' }, 'x.json: steps: expected number, got "many"'],
    [{ steps: 13 }, 'x.json: steps must not be 13, got {"steps":13}'],
    [{ plan: 'fats' }, 'x.json: plan.name: must be slow or fast, got "fats"'],
    [{ plan: { name: 'fast', pase: 1, pace: 1 } }, 'x.json: unknown key "plan.pase"; did you mean "plan.pace"?'],
    [{ engine: {} }, 'x.json: engine.threads: expected number, got nothing'],
  ])('%j fails in one line', (value, message) => {
    expect(() => parseSettings('x.json', schema, value)).toThrow(new UserError(message));
  });
});
