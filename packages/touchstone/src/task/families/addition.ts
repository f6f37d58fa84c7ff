import { z } from 'zod';
import { drawDigits, nearMiss } from './draw.js';
import { judgeEquation } from './equation.js';
import { fault } from './family.js';
import type { Family, Line } from './family.js';
import { canonicalInteger, judgeInteger } from './text.js';

const knobs = z
  .strictObject({
    minDigits: z.int().min(1).max(30).default(2).describe('fewest digits of an operand'),
    maxDigits: z.int().min(1).max(30).default(4).describe('most digits of an operand'),
    operands: z.int().min(2).max(9).default(2).describe('how many numbers are added'),
  })
  .refine((value) => value.minDigits <= value.maxDigits, { error: 'minDigits must not exceed maxDigits' });

type AdditionKnobs = z.infer<typeof knobs>;

/** Operands as decimal digits without leading zeros. */
type AdditionProblem = { readonly operands: readonly string[] };

/** Columns from the right: `place` comes next, `written` holds the digits of the sum below it. */
interface ColumnState {
  readonly place: number;
  readonly carry: number;
  readonly written: string;
}

function columnTerms(problem: AdditionProblem, place: number, carry: number): number[] {
  const digits = problem.operands
    .filter((operand) => operand.length > place)
    .map((operand) => Number(operand[operand.length - 1 - place]));
  return carry > 0 ? [...digits, carry] : digits;
}

function writeColumn(state: ColumnState, terms: readonly number[], sum: number): Line<ColumnState> {
  return {
    text: `${terms.join('+')}=${sum}`,
    state: { place: state.place + 1, carry: Math.floor(sum / 10), written: `${sum % 10}${state.written}` },
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function trueSum(problem: AdditionProblem): bigint {
  return problem.operands.reduce((sum, operand) => sum + BigInt(operand), 0n);
}

/** `4738+2956=?` is worked column by column from the right, a carry as last term: `8+6=14`, `3+5+1=9`, ... */
export const addition: Family<AdditionKnobs, AdditionProblem, ColumnState> = {
  name: 'addition',
  about: 'Adds numbers column by column from the right, each column with its carry.',
  knobs,
  levels: {
    easy: { minDigits: 1, maxDigits: 2, operands: 2 },
    middling: { minDigits: 2, maxDigits: 4, operands: 2 },
    hard: { minDigits: 4, maxDigits: 7, operands: 2 },
  },
  generate: (random, { minDigits, maxDigits, operands }) => ({
    operands: Array.from({ length: operands }, () => drawDigits(random, random.integer(minDigits, maxDigits))),
  }),
  prompt: ({ operands }) => `${operands.join('+')}=?`,
  key: ({ operands }) => `addition ${[...operands].sort().join('+')}`,
  begin: () => ({ place: 0, carry: 0, written: '' }),
  next: (problem, state) => {
    if (state.place >= Math.max(...problem.operands.map((operand) => operand.length))) return null;
    const terms = columnTerms(problem, state.place, state.carry);
    return writeColumn(state, terms, total(terms));
  },
  conclude: (_, { carry, written }) => canonicalInteger(`${carry}${written}`) ?? '0',
  slip: (problem, state, random) => {
    const forgetsCarry = state.place > 0 && random.chance(0.6);
    if (forgetsCarry) {
      const terms = columnTerms(problem, state.place, state.carry > 0 ? 0 : 1);
      return writeColumn(state, terms, total(terms));
    }
    const terms = columnTerms(problem, state.place, state.carry);
    const sum = total(terms);
    return writeColumn(state, terms, sum > 0 && random.chance(0.5) ? sum - 1 : sum + 1);
  },
  guess: (problem, random) => String(nearMiss(random, trueSum(problem))),
  accept: (problem, state, line) => {
    const right = addition.next(problem, state);
    if (right === null) return fault('extra-step', 'all columns are already added');
    return judgeEquation(line, right.text, '+') ?? right.state;
  },
  judgeAnswer: (problem, answer) => judgeInteger(answer, String(trueSum(problem))),
};
