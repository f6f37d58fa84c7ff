import { describe, expect, it } from 'vitest';
import { Random } from '../../random.js';
import { families, familyNames } from '../families/index.js';
import { drawProblem, splitOf } from '../split.js';
import { judgeWorking } from '../working.js';
import { writeFlawed, writeRight } from './authors.js';
import type { Flaw } from './authors.js';
import { corpusDocument, defaultMixture } from './corpus.js';

describe.each(familyNames)('authors of %s', (name) => {
  const family = families[name];
  const problems = Array.from({ length: 60 }, (_, i) => drawProblem(family, family.levels.middling, 3, 'train', i));
  const judged = (flaw: Flaw): { answer: number; steps: number; format: number }[] => {
    const random = new Random(4);
    return problems
      .filter((problem) => family.next(problem, family.begin(problem)) !== null)
      .map((problem) => {
        const { parts } = judgeWorking(family, problem, writeFlawed(family, problem, flaw, random));
        return parts as { answer: number; steps: number; format: number };
      });
  };

  it('write in the right form whatever they get wrong', () => {
    for (const flaw of Object.keys(defaultMixture.flaws) as Flaw[]) {
      for (const { format } of judged(flaw)) expect(format).toBe(1);
    }
  });

  it('slip in a step', () => {
    const parts = judged('slip');
    for (const { steps } of parts) expect(steps).toBeLessThan(1);
    // A slip can cancel out; were most answers right, slips would teach nothing.
    const right = parts.filter(({ answer }) => answer === 1).length;
    expect(right / parts.length).toBeLessThan(0.75);
  });

  it('skip a step and are right all the same', () => {
    for (const { answer, steps } of judged('skip'))
      expect({ answer, whole: steps === 1 }).toEqual({ answer: 1, whole: false });
  });

  it('end right workings with wrong answers', () => {
    for (const { answer, steps } of judged('mismatch')) expect({ answer, steps }).toEqual({ answer: 0, steps: 1 });
  });

  it('guess wrongly without working', () => {
    for (const { answer, steps } of judged('guess')) expect({ answer, steps }).toEqual({ answer: 0, steps: 0 });
  });

  it('work rightly when they are careful', () => {
    for (const problem of problems) {
      expect(judgeWorking(family, problem, writeRight(family, problem)).parts).toEqual({
        answer: 1,
        steps: 1,
        format: 1,
      });
    }
  });
});

describe('corpusDocument', () => {
  const count = 3_000;
  const documents = Array.from({ length: count }, (_, index) => corpusDocument(9, index));

  it('is a function of seed and index', () => {
    expect(corpusDocument(9, 17)).toEqual(documents[17]);
    expect(corpusDocument(10, 17)).not.toEqual(documents[17]);
  });

  it('keeps the stated shares of families, levels and flaws', () => {
    const share = (test: (document: (typeof documents)[number]) => boolean): number =>
      documents.filter(test).length / count;
    // 5 standard deviations at most: sqrt(0.25 / 3000) x 5 = 0.046.
    const near = (measured: number, stated: number): void => expect(Math.abs(measured - stated)).toBeLessThan(0.046);
    near(
      share(({ flawed }) => flawed),
      defaultMixture.flawedShare,
    );
    near(
      share(({ level }) => level === 'hard'),
      defaultMixture.levels.hard,
    );
    near(
      share(({ family }) => family === 'addition'),
      0.2,
    );
    near(
      share(({ flaw }) => flaw === 'slip'),
      defaultMixture.flawedShare * defaultMixture.flaws.slip,
    );
  });

  it('holds no held-out problem', () => {
    const heldOut = new Set(
      familyNames.flatMap((name) =>
        Array.from({ length: 40 }, (_, i) => {
          const family = families[name];
          const problem = drawProblem(family, family.levels.easy, 5, 'test', i);
          expect(splitOf(family.key(problem))).toBe('test');
          return `${family.prompt(problem)}\n`;
        }),
      ),
    );
    expect(documents.filter(({ prompt }) => heldOut.has(prompt))).toEqual([]);
  });

  it('is faultless when no share is flawed, and refuses a share that is none', () => {
    const mixture = { ...defaultMixture, flawedShare: 0 };
    expect(Array.from({ length: 200 }, (_, i) => corpusDocument(1, i, mixture)).every(({ flawed }) => !flawed)).toBe(
      true,
    );
    expect(() => corpusDocument(1, 0, { ...defaultMixture, flawedShare: 1.5 })).toThrow(
      /flawedShare must be in \[0, 1\], got 1.5/,
    );
  });
});
