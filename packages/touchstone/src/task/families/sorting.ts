import { z } from 'zod';
import type { Random } from '../../random.js';
import { fault } from './family.js';
import type { Family, Line } from './family.js';
import { quote } from './text.js';

const knobs = z
  .strictObject({
    minCount: z.int().min(2).max(40).default(4).describe('fewest numbers to sort'),
    maxCount: z.int().min(2).max(40).default(5).describe('most numbers to sort'),
    largest: z.int().min(9).max(999_999).default(99).describe('numbers are drawn from 0 to this'),
  })
  .refine((value) => value.minCount <= value.maxCount, { error: 'minCount must not exceed maxCount' });

type SortingKnobs = z.infer<typeof knobs>;

type SortingProblem = { readonly numbers: readonly number[] };

/** Selection sort: `taken` are the smallest so far in order, `rest` is still to be sorted. */
interface SelectionState {
  readonly taken: readonly number[];
  readonly rest: readonly number[];
}

const ascending = (a: number, b: number): number => a - b;

function take({ taken, rest }: SelectionState, index: number): Line<SelectionState> {
  const chosen = rest[index] ?? 0;
  return write(
    taken,
    chosen,
    rest.filter((_, i) => i !== index),
  );
}

function write(taken: readonly number[], chosen: number, left: readonly number[]): Line<SelectionState> {
  return { text: `${chosen}: ${left.join(' ')}`, state: { taken: [...taken, chosen], rest: left } };
}

function smallest(rest: readonly number[]): number {
  return rest.indexOf(Math.min(...rest));
}

/** Non-negative integers between spaces or commas; null when there is anything else. */
function readNumbers(text: string): number[] | null {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  return words.every((word) => /^\d{1,9}$/.test(word)) ? words.map(Number) : null;
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return [...a].sort(ascending).join() === [...b].sort(ascending).join();
}

/** A list with one fault: the smallest taken although it is not, a number lost, or a number misread. */
function slipOnce(state: SelectionState, random: Random): Line<SelectionState> {
  const least = smallest(state.rest);
  const larger = [...state.rest.keys()].filter((i) => state.rest[i] !== state.rest[least]);
  if (larger.length > 0 && random.chance(0.6)) return take(state, random.pick(larger));
  const right = take(state, least).state;
  const chosen = state.rest[least] ?? 0;
  const place = random.integer(0, right.rest.length - 1);
  if (random.chance(0.5))
    return write(
      state.taken,
      chosen,
      right.rest.filter((_, i) => i !== place),
    );
  return write(
    state.taken,
    chosen,
    right.rest.map((value, i) => (i === place ? value + 1 : value)),
  );
}

/** `sort 52 17 83 40` takes the smallest and copies the rest until one is left: `17: 52 83 40`, `40: 52 83`, `52: 83`. */
export const sorting: Family<SortingKnobs, SortingProblem, SelectionState> = {
  name: 'sorting',
  about: 'Sorts numbers by taking the smallest again and again and copying the rest.',
  knobs,
  levels: {
    easy: { minCount: 3, maxCount: 4, largest: 20 },
    middling: { minCount: 4, maxCount: 5, largest: 99 },
    hard: { minCount: 6, maxCount: 8, largest: 99 },
  },
  generate: (random, { minCount, maxCount, largest }) => ({
    numbers: Array.from({ length: random.integer(minCount, maxCount) }, () => random.integer(0, largest)),
  }),
  prompt: ({ numbers }) => `sort ${numbers.join(' ')}`,
  key: ({ numbers }) => `sorting ${[...numbers].sort(ascending).join(' ')}`,
  begin: ({ numbers }) => ({ taken: [], rest: numbers }),
  next: (_, state) => (state.rest.length < 2 ? null : take(state, smallest(state.rest))),
  conclude: (_, { taken, rest }) => [...taken, ...rest].join(' '),
  slip: (_, state, random) => slipOnce(state, random),
  guess: ({ numbers }, random) => {
    const sorted = [...numbers].sort(ascending);
    const place = random.integer(0, sorted.length - 2);
    return [...sorted.slice(0, place), sorted[place + 1], sorted[place], ...sorted.slice(place + 2)].join(' ');
  },
  accept: (_, { taken, rest }, line) => {
    if (rest.length < 2) return fault('extra-step', 'one number is left; the answer comes next');
    const match = /^(\d{1,9})\s*:(.*)$/.exec(line);
    const left = readNumbers(match?.[2] ?? '');
    if (match === null || left === null)
      return fault('malformed', 'a step is the smallest number, a colon and the rest');
    const chosen = Number(match[1]);
    if (chosen !== Math.min(...rest)) return fault('not-smallest', `${quote(match[1] ?? '')} is not the smallest left`);
    if (!sameNumbers([chosen, ...left], rest)) return fault('wrong-rest', 'the numbers left are not copied rightly');
    return { taken: [...taken, chosen], rest: left };
  },
  judgeAnswer: ({ numbers }, answer) => {
    const values = readNumbers(answer);
    if (values === null) return fault('malformed', `the answer ${quote(answer)} is not a list of numbers`);
    if (!sameNumbers(values, numbers))
      return fault('other-numbers', 'the answer does not hold the numbers of the question');
    const sorted = values.every((value, i) => i === 0 || (values[i - 1] ?? 0) <= value);
    return sorted ? null : fault('not-sorted', 'the answer is not in order');
  },
};
