import { z } from 'zod';
import type { Random } from '../../random.js';
import { drawDigits, nearMiss } from './draw.js';
import { judgeEquation } from './equation.js';
import { fault } from './family.js';
import type { Family, Line } from './family.js';
import { judgeInteger } from './text.js';

const digits = z.int().min(1).max(12);

const knobs = z
  .strictObject({
    minLeft: digits.default(2).describe('fewest digits of the first factor'),
    maxLeft: digits.default(2).describe('most digits of the first factor'),
    minRight: digits.default(1).describe('fewest digits of the second factor'),
    maxRight: digits.default(2).describe('most digits of the second factor; each non-zero one is a partial product'),
  })
  .refine((value) => value.minLeft <= value.maxLeft, { error: 'minLeft must not exceed maxLeft' })
  .refine((value) => value.minRight <= value.maxRight, { error: 'minRight must not exceed maxRight' });

type MultiplicationKnobs = z.infer<typeof knobs>;

/** Factors as decimal digits without leading zeros. */
type MultiplicationProblem = { readonly left: string; readonly right: string };

/** Digits of the right factor from its end: `place` comes next. A `pending` partial product waits to be added to `sum`. */
interface PartialState {
  readonly place: number;
  readonly sum: string | null;
  readonly pending: string | null;
}

function settle(state: PartialState, place: number, value: string): PartialState {
  return state.sum === null ? { place, sum: value, pending: null } : { place, sum: state.sum, pending: value };
}

/** The next line with its result bent by `bend`; null when everything is added. */
function write(
  { left, right }: MultiplicationProblem,
  state: PartialState,
  bend: (value: bigint) => bigint,
): Line<PartialState> | null {
  const { sum, pending } = state;
  if (sum !== null && pending !== null) {
    const result = String(bend(BigInt(sum) + BigInt(pending)));
    return { text: `${sum}+${pending}=${result}`, state: { place: state.place, sum: result, pending: null } };
  }
  let place = state.place;
  while (place < right.length && right[right.length - 1 - place] === '0') place += 1;
  if (place >= right.length) return null;
  const factor = `${right[right.length - 1 - place]}${'0'.repeat(place)}`;
  const result = String(bend(BigInt(left) * BigInt(factor)));
  return { text: `${left}*${factor}=${result}`, state: settle(state, place + 1, result) };
}

function slipped({ left }: MultiplicationProblem, random: Random, value: bigint): bigint {
  const timesTable = random.chance(0.3);
  if (timesTable && value > BigInt(left)) return value - BigInt(left);
  return nearMiss(random, value);
}

/** `47*36=?` is worked by partial products from the right, added as they come: `47*6=282`, `47*30=1410`, `282+1410=1692`. */
export const multiplication: Family<MultiplicationKnobs, MultiplicationProblem, PartialState> = {
  name: 'multiplication',
  about: 'Multiplies two numbers by partial products, one for each digit of the second, added as they come.',
  knobs,
  levels: {
    easy: { minLeft: 1, maxLeft: 2, minRight: 1, maxRight: 1 },
    middling: { minLeft: 2, maxLeft: 2, minRight: 1, maxRight: 2 },
    hard: { minLeft: 3, maxLeft: 3, minRight: 2, maxRight: 2 },
  },
  generate: (random, { minLeft, maxLeft, minRight, maxRight }) => ({
    left: drawDigits(random, random.integer(minLeft, maxLeft)),
    right: drawDigits(random, random.integer(minRight, maxRight)),
  }),
  prompt: ({ left, right }) => `${left}*${right}=?`,
  key: ({ left, right }) => `multiplication ${[left, right].sort().join('*')}`,
  begin: () => ({ place: 0, sum: null, pending: null }),
  next: (problem, state) => write(problem, state, (value) => value),
  conclude: (_, { sum }) => sum ?? '0',
  slip: (problem, state, random) => {
    const line = write(problem, state, (value) => slipped(problem, random, value));
    if (line === null) throw new Error('multiplication.slip: the working is complete; ask next first');
    return line;
  },
  guess: ({ left, right }, random) => String(nearMiss(random, BigInt(left) * BigInt(right))),
  accept: (problem, state, line) => {
    const right = multiplication.next(problem, state);
    if (right === null) return fault('extra-step', 'all partial products are already added');
    return judgeEquation(line, right.text, state.pending === null ? '*' : '+') ?? right.state;
  },
  judgeAnswer: ({ left, right }, answer) => judgeInteger(answer, String(BigInt(left) * BigInt(right))),
};
