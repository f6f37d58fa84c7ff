import { z } from 'zod';
import type { Random } from '../../random.js';
import { fault } from './family.js';
import type { Family, Line } from './family.js';
import { judgeInteger, squeeze } from './text.js';

const knobs = z
  .strictObject({
    minModulus: z.int().min(2).max(10_000).default(5).describe('smallest modulus'),
    maxModulus: z.int().min(2).max(10_000).default(12).describe('largest modulus'),
    length: z.int().min(1).max(50).default(4).describe('number of operations in the chain'),
  })
  .refine((value) => value.minModulus <= value.maxModulus, { error: 'minModulus must not exceed maxModulus' });

type ModularKnobs = z.infer<typeof knobs>;

type Operator = '+' | '-' | '*';

/** `first`, then the operations in order, each applied to what came before; all operands are in [0, modulus). */
type ModularProblem = {
  readonly modulus: number;
  readonly first: number;
  readonly operations: readonly { readonly operator: Operator; readonly operand: number }[];
};

/** `value` after the first `done` operations, in [0, modulus). */
interface ChainState {
  readonly done: number;
  readonly value: number;
}

const apply: { readonly [O in Operator]: (a: number, b: number) => number } = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
};

/** The remainder in [0, modulus), for negative values, too. */
function remainder(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus;
}

interface Exact {
  readonly left: string;
  readonly result: number;
}

function exact(problem: ModularProblem, state: ChainState): Exact | null {
  const operation = problem.operations[state.done];
  if (operation === undefined) return null;
  const { operator, operand } = operation;
  return { left: `${state.value}${operator}${operand}`, result: apply[operator](state.value, operand) };
}

function write(state: ChainState, { left, result }: Exact, value: number): Line<ChainState> {
  return { text: `${left}=${result}r${value}`, state: { done: state.done + 1, value } };
}

function solve(problem: ModularProblem): number {
  return problem.operations.reduce(
    (value, { operator, operand }) => remainder(apply[operator](value, operand), problem.modulus),
    problem.first,
  );
}

function drawOperations(random: Random, modulus: number, length: number): ModularProblem['operations'] {
  return Array.from({ length }, () => {
    const operator = random.pick<Operator>(['+', '-', '*']);
    return { operator, operand: random.integer(operator === '*' ? 2 : 1, Math.max(2, modulus - 1)) };
  });
}

/** `mod 11: 7 *8 -5 +3` goes from left to right, each result with its remainder: `7*8=56r1`, `1-5=-4r7`, `7+3=10r10`. */
export const modular: Family<ModularKnobs, ModularProblem, ChainState> = {
  name: 'modular',
  about: 'Follows a chain of +, - and * from left to right, taking the remainder after each.',
  knobs,
  levels: {
    easy: { minModulus: 3, maxModulus: 7, length: 2 },
    middling: { minModulus: 5, maxModulus: 12, length: 4 },
    hard: { minModulus: 10, maxModulus: 20, length: 6 },
  },
  generate: (random, { minModulus, maxModulus, length }) => {
    const modulus = random.integer(minModulus, maxModulus);
    return { modulus, first: random.integer(0, modulus - 1), operations: drawOperations(random, modulus, length) };
  },
  prompt: ({ modulus, first, operations }) =>
    `mod ${modulus}: ${[first, ...operations.map(({ operator, operand }) => `${operator}${operand}`)].join(' ')}`,
  key: (problem) => `modular ${modular.prompt(problem)}`,
  begin: ({ first }) => ({ done: 0, value: first }),
  next: (problem, state) => {
    const line = exact(problem, state);
    return line === null ? null : write(state, line, remainder(line.result, problem.modulus));
  },
  conclude: (_, { value }) => String(value),
  slip: (problem, state, random) => {
    const line = exact(problem, state);
    if (line === null) throw new Error('modular.slip: the working is complete; ask next first');
    const off = random.chance(0.5) ? 1 : -1;
    if (random.chance(0.5)) return write(state, line, remainder(line.result + off, problem.modulus));
    const wrong = { left: line.left, result: line.result + off };
    return write(state, wrong, remainder(wrong.result, problem.modulus));
  },
  guess: (problem, random) =>
    String(remainder(solve(problem) + random.integer(1, problem.modulus - 1), problem.modulus)),
  accept: (problem, state, line) => {
    const right = modular.next(problem, state);
    if (right === null) return fault('extra-step', 'the chain has no further operation');
    const [written = '', rightText] = [squeeze(line), right.text];
    if (written === rightText) return right.state;
    const sameLeft = written.split('=')[0] === rightText.split('=')[0];
    const sameResult = sameLeft && written.split('r')[0] === rightText.split('r')[0];
    if (sameResult) return fault('wrong-remainder', 'the result is right, its remainder is not');
    if (sameLeft) return fault('wrong-result', 'the operation is the right one, its result is not');
    return fault('wrong-operands', 'this is not the next operation of the chain');
  },
  judgeAnswer: (problem, answer) => judgeInteger(answer, String(solve(problem))),
};
