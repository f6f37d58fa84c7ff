import { z } from 'zod';
import type { Random } from '../../random.js';
import { evaluateExpression } from './arithmetic.js';
import { fault, isFault } from './family.js';
import type { Fault, Family, Line } from './family.js';
import { canonicalInteger, quote, squeeze } from './text.js';

const knobs = z
  .strictObject({
    minCount: z.int().min(2).max(5).default(3).describe('fewest numbers to combine'),
    maxCount: z.int().min(2).max(5).default(3).describe('most numbers to combine'),
    largest: z.int().min(3).max(100).default(12).describe('numbers are drawn from 1 to this'),
    largestTarget: z.int().min(10).max(10_000).default(99).describe('targets are at most this'),
  })
  .refine((value) => value.minCount <= value.maxCount, { error: 'minCount must not exceed maxCount' });

type CountdownKnobs = z.infer<typeof knobs>;

/** Every number is to be used exactly once. A solution in whole positive steps exists. */
type CountdownProblem = { readonly numbers: readonly number[]; readonly target: number };

type Operator = '+' | '-' | '*' | '/';

/** A number at hand and how it came about. `rank`: 0 for a sum or difference, 1 for a product or quotient, 2 for a number. */
interface Entry {
  readonly value: number;
  readonly text: string;
  readonly rank: 0 | 1 | 2;
}

interface PoolState {
  readonly pool: readonly Entry[];
}

interface Move extends Line<PoolState> {
  readonly value: number;
}

/** Safe integers only: with at most five numbers up to 100 nothing comes near the limit. */
function combine(a: number, operator: Operator, b: number): number | null {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  if (operator === '*') return a * b;
  return b !== 0 && a % b === 0 ? a / b : null;
}

function bracket(entry: Entry, needed: boolean): string {
  return needed ? `(${entry.text})` : entry.text;
}

function join(a: Entry, operator: Operator, b: Entry, value: number): Entry {
  if (operator === '+' || operator === '-') {
    return { value, text: `${a.text}${operator}${bracket(b, operator === '-' && b.rank === 0)}`, rank: 0 };
  }
  const right = bracket(b, b.rank === 0 || (operator === '/' && b.rank === 1));
  return { value, text: `${bracket(a, a.rank === 0)}${operator}${right}`, rank: 1 };
}

function move(pool: readonly Entry[], i: number, operator: Operator, j: number, value: number): Move {
  const [a, b] = [pool[i], pool[j]];
  if (a === undefined || b === undefined) throw new RangeError(`countdown: no entries ${i} and ${j}; this is a bug`);
  const rest = pool.filter((_, k) => k !== i && k !== j);
  const text = `${a.value}${operator}${b.value}=${value}`;
  return { text, value, state: { pool: [join(a, operator, b, value), ...rest] } };
}

/** Every exact combination of two entries; sums and products once, the larger number first. */
function moves({ pool }: PoolState): Move[] {
  const result: Move[] = [];
  const tryMove = (i: number, operator: Operator, j: number): void => {
    const value = combine(pool[i]?.value ?? 0, operator, pool[j]?.value ?? 0);
    if (value !== null) result.push(move(pool, i, operator, j, value));
  };
  for (let first = 0; first < pool.length; first++) {
    for (let second = first + 1; second < pool.length; second++) {
      const ordered = (pool[first]?.value ?? 0) >= (pool[second]?.value ?? 0);
      const [i, j] = ordered ? [first, second] : [second, first];
      for (const operator of ['+', '-', '*', '/'] as const) tryMove(i, operator, j);
      tryMove(j, '-', i);
      tryMove(j, '/', i);
    }
  }
  return result;
}

/** Moves that keep to whole positive numbers come first. */
function careful(a: Move, b: Move): number {
  return Number(a.value < 1) - Number(b.value < 1);
}

function poolKey({ pool }: PoolState): string {
  return pool
    .map(({ value }) => value)
    .sort((a, b) => a - b)
    .join();
}

/** The first move towards the target, or null when it cannot be reached. `dead`: pools known to lead nowhere. */
function towards(target: number, state: PoolState, dead = new Set<string>()): Move | null {
  for (const candidate of moves(state).sort(careful)) {
    const key = poolKey(candidate.state);
    if (dead.has(key)) continue;
    if (reaches(target, candidate.state, dead)) return candidate;
    dead.add(key);
  }
  return null;
}

function reaches(target: number, state: PoolState, dead: Set<string>): boolean {
  if (state.pool.length === 1) return state.pool[0]?.value === target;
  return towards(target, state, dead) !== null;
}

/** For an author who went astray: the move that comes nearest to the target. */
function closest(target: number, state: PoolState): Move | null {
  return moves(state).reduce<Move | null>(
    (best, candidate) =>
      best === null || Math.abs(candidate.value - target) < Math.abs(best.value - target) ? candidate : best,
    null,
  );
}

const STEP = /^(-?\d{1,12})([-+*/])(-?\d{1,12})=(-?\d{1,12})$/;

function acceptMove({ target }: CountdownProblem, state: PoolState, line: string): PoolState | Fault {
  if (state.pool.length < 2) return fault('extra-step', 'all numbers are already used');
  const match = STEP.exec(squeeze(line));
  if (match === null) return fault('malformed', 'a step is one operation on two numbers and its result');
  const [a, b, result] = [match[1], match[3], match[4]].map(Number) as [number, number, number];
  const operator = match[2] as Operator;
  const i = state.pool.findIndex(({ value }) => value === a);
  const j = state.pool.findIndex(({ value }, k) => value === b && k !== i);
  if (i < 0 || j < 0) return fault('not-at-hand', 'the step uses a number that is not at hand');
  if (combine(a, operator, b) !== result) return fault('wrong-result', 'the operation is allowed, its result is wrong');
  const { state: reached } = move(state.pool, i, operator, j, result);
  return reaches(target, reached, new Set()) ? reached : fault('dead-end', 'the target cannot be reached any more');
}

function judgeExpression({ numbers, target }: CountdownProblem, answer: string): Fault | null {
  const [expression = '', claimed, ...rest] = answer.split('=');
  if (rest.length > 0) return fault('malformed', `the answer ${quote(answer)} is not an expression`);
  if (claimed !== undefined && canonicalInteger(claimed) !== String(target)) {
    return fault('wrong-claim', 'the answer claims another result than the target');
  }
  const evaluated = evaluateExpression(expression);
  if (isFault(evaluated)) return evaluated;
  const used = evaluated.literals.map((literal) => canonicalInteger(literal) ?? '').sort();
  if (used.join() !== numbers.map(String).sort().join()) {
    return fault('wrong-numbers', 'the answer does not use every number exactly once');
  }
  const { numerator, denominator } = evaluated.value;
  return numerator === BigInt(target) * denominator ? null : fault('not-equal', 'the answer does not make the target');
}

const MAX_DRAWS = 1_000;

function drawProblem(random: Random, knobs: CountdownKnobs): CountdownProblem {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const numbers = Array.from({ length: random.integer(knobs.minCount, knobs.maxCount) }, () =>
      random.integer(1, knobs.largest),
    );
    const target = drawTarget(random, numbers, knobs.largestTarget);
    if (target !== null) return { numbers, target };
  }
  throw new RangeError(
    `countdown: no target up to ${knobs.largestTarget} in ${MAX_DRAWS} draws; raise largestTarget or lower largest`,
  );
}

/** What random whole positive steps up to the limit lead to; null where they come to a dead end. */
function drawTarget(random: Random, numbers: readonly number[], limit: number): number | null {
  let state = countdown.begin({ numbers, target: 0 });
  while (state.pool.length > 1) {
    const positive = moves(state).filter(({ value }) => value >= 1 && value <= limit);
    if (positive.length === 0) return null;
    state = random.pick(positive).state;
  }
  return state.pool[0]?.value ?? null;
}

/** `make 23 from 5 3 4` combines two numbers a line and ends with the whole expression: `5*4=20`, `20+3=23`, `#### 5*4+3`. */
export const countdown: Family<CountdownKnobs, CountdownProblem, PoolState> = {
  name: 'countdown',
  about: 'Makes a target from given numbers with + - * /, each used exactly once, one operation a line.',
  knobs,
  levels: {
    easy: { minCount: 2, maxCount: 3, largest: 9, largestTarget: 50 },
    middling: { minCount: 3, maxCount: 3, largest: 12, largestTarget: 99 },
    hard: { minCount: 4, maxCount: 4, largest: 20, largestTarget: 150 },
  },
  generate: drawProblem,
  prompt: ({ numbers, target }) => `make ${target} from ${numbers.join(' ')}`,
  key: ({ numbers, target }) => `countdown ${target}: ${[...numbers].sort((a, b) => a - b).join(' ')}`,
  begin: ({ numbers }) => ({ pool: numbers.map((value) => ({ value, text: String(value), rank: 2 })) }),
  next: ({ target }, state) => towards(target, state) ?? closest(target, state),
  conclude: (_, { pool }) => pool.map(({ text }) => text).join('+'),
  slip: ({ target }, state, random) => {
    const chosen = random.pick(moves(state));
    // The last line is where authors make the numbers fit.
    const wanted = state.pool.length === 2 && chosen.value !== target && random.chance(0.7);
    const value = wanted ? target : chosen.value + random.pick([-1, 1]);
    const [head = chosen.text] = chosen.text.split('=');
    const [made, ...rest] = chosen.state.pool;
    const entry: Entry = { value, text: made?.text ?? head, rank: made?.rank ?? 0 };
    return { text: `${head}=${value}`, state: { pool: [entry, ...rest] } };
  },
  guess: ({ numbers }, random) => {
    const operators = numbers.slice(1).map(() => random.pick(['+', '-', '*']));
    return random.shuffle(numbers).reduce((text, value, i) => `${text}${i === 0 ? '' : operators[i - 1]}${value}`, '');
  },
  accept: acceptMove,
  judgeAnswer: judgeExpression,
};
