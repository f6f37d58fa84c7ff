import { describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { families, familyNames } from './families/index.js';
import { createTaskSource, describeTask, taskNames, taskSourceOf } from './registry.js';

describe('createTaskSource', () => {
  it.each(familyNames)('%s: each task is solved by its own solution, in both splits', async (name) => {
    const source = await createTaskSource(name, {}, { seed: 3 });
    for (const split of ['train', 'test'] as const) {
      expect(source.size(split)).toBe(Infinity);
      for (let index = 0; index < 5; index++) {
        const task = source.task(split, index);
        expect(task.id).toBe(`${name}/${split}/${index}`);
        expect(task.prompt).toMatch(/^[ -~]+\n$/);
        expect(await source.judge(task.solution ?? '', task)).toMatchObject({ outcome: 'correct' });
        expect(
          await source.judge(`#### ${task.reference}`, JSON.parse(JSON.stringify(task)) as typeof task),
        ).toMatchObject({
          outcome: 'correct',
          extracted: task.reference,
        });
      }
    }
  });

  it('takes the seed of the settings before that of the run', async () => {
    const prompts = async (settings: object, seed: number): Promise<unknown> => {
      const source = await createTaskSource('addition', { ...settings }, { seed });
      return Array.from({ length: 5 }, (_, i) => source.task('train', i).prompt);
    };
    expect(await prompts({ seed: 7 }, 1)).toEqual(await prompts({ seed: 7 }, 2));
    expect(await prompts({}, 1)).not.toEqual(await prompts({}, 2));
    expect(await prompts({}, 7)).toEqual(await prompts({ seed: 7 }, 1));
  });

  it('takes a level, and knobs over it', async () => {
    const source = await createTaskSource('addition', { level: 'hard', maxDigits: 4, operands: 3 });
    for (let i = 0; i < 20; i++) expect(source.task('train', i).prompt).toMatch(/^\d{4}\+\d{4}\+\d{4}=\?\n$/);
  });

  it('dresses the question as a message for a model with a chat template', async () => {
    const source = await createTaskSource('addition', { template: 'Solve: {prompt}', chat: true, system: 'You add.' });
    expect(source.task('test', 0).prompt).toEqual([
      { role: 'system', content: 'You add.' },
      { role: 'user', content: expect.stringMatching(/^Solve: \d+\+\d+=\?$/) as string },
    ]);
  });

  it.each<[unknown, string]>([
    ['adition', 'task: unknown task "adition"; did you mean "addition"?'],
    [{ name: 'addition', maxDigit: 3 }, 'task addition: unknown key "maxDigit"; did you mean "maxDigits"?'],
    [{ name: 'addition', levle: 'hard' }, 'task addition: unknown key "levle"; did you mean "level"?'],
    [{ name: 'addition', minDigits: 9 }, 'minDigits must not exceed maxDigits'],
    [{ name: 'addition', operands: 'two' }, 'task addition: operands: expected number, got "two"'],
    [{ name: 'addition', template: 'no place' }, 'task addition: template: must hold {prompt} where the question goes'],
    [{ name: 'addition', system: 'You add.' }, 'system needs chat to be true'],
    [{ name: 'bases', from: [2], to: [2] }, 'from and to must hold two different bases'],
    [{ name: 'multiple-choice', of: ['sortin'] }, 'task multiple-choice: of.0:'],
    [{ level: 'hard' }, 'task: must be a name or an object with a name, got {"level":"hard"}'],
    [undefined, 'task: must be a name or an object with a name, got nothing'],
    [
      { name: 'mixture', of: [{ name: 'addition' }, { name: 'sorting', cuont: 3 }] },
      'task sorting: unknown key "cuont"; known are level,',
    ],
  ])('%j fails with one line', async (task, message) => {
    const error: unknown = await taskSourceOf(task).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('\n');
  });

  it('says when the knobs leave no held-out problem', async () => {
    const source = await createTaskSource('sorting', { minCount: 2, maxCount: 2, largest: 9 });
    expect(source.task('test', 0).prompt).toMatch(/^sort \d \d\n$/);
    const narrow = await createTaskSource('countdown', { minCount: 5, maxCount: 5, largest: 100, largestTarget: 10 });
    expect(narrow.task('test', 0).prompt).toMatch(/^make \d+ from( \d+){5}\n$/);
    const tiny = await createTaskSource('bases', { largest: 3, from: [10], to: [2] });
    const draw = (): unknown => ['train', 'test'].map((split) => tiny.task(split as 'train', 0));
    expect(draw).toThrow(/^bases: no (train|test) problem in 4000 draws with knobs \{.+\}; make them harder/);
  });

  it('refuses an index that is none, and a task of another family', async () => {
    const source = await createTaskSource('addition');
    for (const index of [-1, 0.5, NaN, Infinity]) expect(() => source.task('train', index)).toThrow(RangeError);
    const other = (await createTaskSource('sorting')).task('train', 0);
    expect(() => source.judge('#### 1', other)).toThrow(/of another family/);
  });

  it('describes every task and every key of it', () => {
    for (const name of taskNames) {
      const { about, keys } = describeTask(name);
      expect(about).toMatch(/^[A-Z].+\.$/);
      for (const [key, words] of Object.entries(keys)) expect(words, `${name}.${key}`).not.toBe('');
    }
    expect(Object.keys(describeTask('addition').keys)).toEqual(
      expect.arrayContaining(['level', ...Object.keys(families.addition.levels.hard)]),
    );
  });
});

describe('mixture', () => {
  const parts = {
    name: 'mixture',
    of: [
      { name: 'addition', weight: 3 },
      { name: 'boolean', level: 'easy' },
    ],
  };

  it('draws its parts in proportion and judges each by its own rules', async () => {
    const source = await taskSourceOf(parts, { seed: 2 });
    const tasks = Array.from({ length: 800 }, (_, i) => source.task('train', i));
    const additions = tasks.filter(({ metadata }) => metadata['family'] === 'addition').length;
    // Five standard deviations of a binomial count with n = 800, p = 3/4.
    expect(Math.abs(additions - 600)).toBeLessThan(5 * Math.sqrt(150));
    for (const task of tasks.slice(0, 50)) {
      expect(await source.judge(task.solution ?? '', task)).toMatchObject({ outcome: 'correct' });
    }
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(800);
    expect((await taskSourceOf(parts, { seed: 2 })).task('test', 5)).toEqual(source.task('test', 5));
  });
});
