import { deriveSeed, hashText, Random } from '../random.js';
import type { Json, Split } from './task.js';
import type { Family } from './families/family.js';

/** One problem in this many is held out. */
const TEST_SHARE = 8;
const MAX_DRAWS = 4_000;

/**
 * The split of a problem, decided by the problem itself and never by a seed: whatever the seeds, levels and sources, a
 * problem that is trained on (in pretraining, too) is never tested on. One in eight is `test`.
 */
export function splitOf(key: string): Split {
  return hashText(key) % TEST_SHARE === 0 ? 'test' : 'train';
}

/**
 * The problem at an index of a split: the first draw of its own stream that falls in the split. Two indices may hold
 * one problem where the knobs allow few. Throws when the knobs allow so few that the split has none.
 */
export function drawProblem<Knobs extends object, Problem extends Json>(
  family: Family<Knobs, Problem, unknown>,
  knobs: Knobs,
  seed: number,
  split: Split,
  index: number,
): Problem {
  const random = new Random(deriveSeed(seed, family.name, split, index));
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const problem = family.generate(random, knobs);
    if (splitOf(family.key(problem)) === split) return problem;
  }
  throw new RangeError(
    `${family.name}: no ${split} problem in ${MAX_DRAWS} draws with knobs ${JSON.stringify(knobs)}; make them harder, so that there are more problems`,
  );
}
