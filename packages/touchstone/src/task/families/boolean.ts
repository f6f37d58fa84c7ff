import { z } from 'zod';
import type { Random } from '../../random.js';
import { fault } from './family.js';
import type { Family } from './family.js';
import { quote, squeeze } from './text.js';

const knobs = z.strictObject({
  operators: z.int().min(1).max(30).default(3).describe('number of and, or, xor in the expression'),
  negations: z.number().min(0).max(0.9).default(0.25).describe('probability that an operand is negated'),
});

type BooleanKnobs = z.infer<typeof knobs>;

/** Constants `T` and `F`, `!`, and fully bracketed `&` (and), `|` (or), `^` (exclusive or). */
type BooleanProblem = { readonly expression: string };

/** The expression as far as it is reduced. */
interface ReductionState {
  readonly expression: string;
}

/** What can be reduced: a negated constant, or two constants and their operator in brackets. */
const REDEX = /!([TF])|\(([TF])([&|^])([TF])\)/g;

type Operator = '&' | '|' | '^';

const evaluate: { readonly [O in Operator]: (a: boolean, b: boolean) => boolean } = {
  '&': (a, b) => a && b,
  '|': (a, b) => a || b,
  '^': (a, b) => a !== b,
};

interface Reduction {
  readonly right: string;
  /** The same place reduced to the wrong constant. */
  readonly wrong: string;
}

/** Every way to reduce one place, from the left. */
function reductions(expression: string): Reduction[] {
  return [...expression.matchAll(REDEX)].map((match) => {
    const [whole, negated, left, operator, right] = match;
    const value = negated === undefined ? evaluate[operator as Operator](left === 'T', right === 'T') : negated === 'F';
    const [before, after] = [expression.slice(0, match.index), expression.slice(match.index + whole.length)];
    const put = (constant: boolean): string => `${before}${constant ? 'T' : 'F'}${after}`;
    return { right: put(value), wrong: put(!value) };
  });
}

function solve(expression: string): string {
  let reduced = expression;
  for (let [first] = reductions(reduced); first !== undefined; [first] = reductions(reduced)) reduced = first.right;
  return reduced;
}

function draw(random: Random, operators: number, negations: number): string {
  const sign = random.chance(negations) ? '!' : '';
  if (operators === 0) return `${sign}${random.pick(['T', 'F'])}`;
  const left = random.integer(0, operators - 1);
  const operator = random.pick<Operator>(['&', '|', '^']);
  return `${sign}(${draw(random, left, negations)}${operator}${draw(random, operators - 1 - left, negations)})`;
}

/** `eval ((T&F)|!(F^T))` is rewritten one place a line, the leftmost first, until a constant is left: `(F|!(F^T))`, `(F|!T)`, ... */
export const boolean: Family<BooleanKnobs, BooleanProblem, ReductionState> = {
  name: 'boolean',
  about: 'Reduces a logical expression one place a line until T or F is left.',
  knobs,
  levels: {
    easy: { operators: 2, negations: 0.15 },
    middling: { operators: 3, negations: 0.25 },
    hard: { operators: 5, negations: 0.3 },
  },
  generate: (random, { operators, negations }) => ({ expression: draw(random, operators, negations) }),
  prompt: ({ expression }) => `eval ${expression}`,
  key: ({ expression }) => `boolean ${expression}`,
  begin: ({ expression }) => ({ expression }),
  next: (_, state) => {
    const [first] = reductions(state.expression);
    return first === undefined ? null : { text: first.right, state: { expression: first.right } };
  },
  conclude: (_, { expression }) => expression,
  slip: (_, state, random) => {
    const { wrong } = random.pick(reductions(state.expression));
    return { text: wrong, state: { expression: wrong } };
  },
  guess: (_, random) => random.pick(['T', 'F']),
  accept: (_, state, line) => {
    const possible = reductions(state.expression);
    if (possible.length === 0) return fault('extra-step', 'the expression is already a constant');
    const written = squeeze(line);
    if (possible.some(({ right }) => right === written)) return { expression: written };
    const misjudged = possible.some(({ wrong }) => wrong === written);
    if (misjudged) return fault('wrong-value', 'one place is reduced, but to the wrong value');
    return fault('not-a-reduction', 'this is not the line before with one place reduced');
  },
  judgeAnswer: ({ expression }, answer) => {
    const match = /^(t|true|f|false)$/i.exec(answer.trim());
    if (match === null) return fault('malformed', `the answer ${quote(answer)} is neither T nor F`);
    const value = answer.trim().charAt(0).toUpperCase();
    return value === solve(expression) ? null : fault('not-equal', `the answer ${value} is wrong`);
  },
};
