import { z } from 'zod';
import { editDistance } from '../../config/nearest.js';
import type { Random } from '../../random.js';
import type { Json } from '../task.js';
import { addition } from './addition.js';
import { bases } from './bases.js';
import { boolean } from './boolean.js';
import { countdown } from './countdown.js';
import { fault, isFault } from './family.js';
import type { Family, Level } from './family.js';
import { graph } from './graph.js';
import { modular } from './modular.js';
import { multiplication } from './multiplication.js';
import { sorting } from './sorting.js';
import { quote, squeeze } from './text.js';

type AnyFamily = Family<object, Json, unknown>;

/** Every family whose questions can be asked with options. */
const inner = {
  addition,
  multiplication,
  countdown,
  modular,
  sorting,
  graph,
  boolean,
  bases,
} as const satisfies Record<string, unknown>;

type InnerName = keyof typeof inner;
const innerNames = Object.keys(inner) as [InnerName, ...InnerName[]];
const LETTERS = 'ABCDEFGH';
const MAX_DISTRACTOR_DRAWS = 60;

const knobs = z.strictObject({
  of: z.array(z.enum(innerNames)).min(1).default(innerNames).describe('families the questions come from'),
  difficulty: z.enum(['easy', 'middling', 'hard']).default('easy').describe('level of those questions'),
  options: z.int().min(2).max(8).default(4).describe('most options; a family with fewer answers gives fewer'),
});

type ChoiceKnobs = z.infer<typeof knobs>;

/** `problem` belongs to the family `of`; exactly one of the options answers it. */
type ChoiceProblem = { readonly of: string; readonly problem: Json; readonly options: readonly string[] };

/** The state of the inner working; after it, the answer it led to. */
interface ChoiceState {
  readonly inner: unknown;
  readonly said: string | null;
}

function familyOf({ of }: ChoiceProblem): AnyFamily {
  if (!Object.hasOwn(inner, of)) {
    throw new TypeError(`multiple-choice: the problem must name one of ${innerNames.join(', ')}, got ${quote(of)}`);
  }
  return inner[of as InnerName];
}

function rightOption(problem: ChoiceProblem): number {
  const family = familyOf(problem);
  return problem.options.findIndex((option) => family.judgeAnswer(problem.problem, option) === null);
}

/** What a working with one slip leads to. */
function strayAnswer(family: AnyFamily, problem: Json, random: Random): string {
  let state = family.begin(problem);
  const lines: unknown[] = [];
  for (let line = family.next(problem, state); line !== null; line = family.next(problem, state)) {
    lines.push(state);
    state = line.state;
  }
  if (lines.length === 0) return family.guess(problem, random);
  state = family.slip(problem, random.pick(lines), random).state;
  for (let line = family.next(problem, state); line !== null; line = family.next(problem, state)) state = line.state;
  return family.conclude(problem, state);
}

function drawOptions(family: AnyFamily, problem: Json, truth: string, most: number, random: Random): string[] {
  const options = [truth];
  for (let draw = 0; draw < MAX_DISTRACTOR_DRAWS && options.length < most; draw++) {
    const candidate = random.chance(0.5) ? strayAnswer(family, problem, random) : family.guess(problem, random);
    const wrong = family.judgeAnswer(problem, candidate) !== null;
    if (wrong && !options.includes(candidate)) options.push(candidate);
  }
  return random.shuffle(options);
}

function solve(family: AnyFamily, problem: Json): string {
  let state = family.begin(problem);
  for (let line = family.next(problem, state); line !== null; line = family.next(problem, state)) state = line.state;
  return family.conclude(problem, state);
}

function letter(index: number): string {
  return LETTERS.charAt(index);
}

/** The option for an answer: the one that says the same, else the one that looks most like it. */
function choose(problem: ChoiceProblem, said: string): string {
  const exact = problem.options.indexOf(said);
  if (exact >= 0) return letter(exact);
  if (familyOf(problem).judgeAnswer(problem.problem, said) === null) return letter(rightOption(problem));
  const distances = problem.options.map((option) => editDistance(option, said));
  return letter(distances.indexOf(Math.min(...distances)));
}

/** `47+9=? A)46 B)56 C)57 D)66` is worked as its family works it, then the result is said and chosen: ..., `=56`, `#### B`. */
export const multipleChoice: Family<ChoiceKnobs, ChoiceProblem, ChoiceState> = {
  name: 'multiple-choice',
  about: 'Asks a question of another family with options; the working ends with its result, the answer is a letter.',
  knobs,
  levels: {
    easy: choiceLevel('easy', 2),
    middling: choiceLevel('easy', 4),
    hard: choiceLevel('middling', 5),
  },
  generate: (random, { of, difficulty, options }) => {
    const name = random.pick(of);
    const family: AnyFamily = inner[name];
    const problem = family.generate(random, family.levels[difficulty]);
    return { of: name, problem, options: drawOptions(family, problem, solve(family, problem), options, random) };
  },
  prompt: (problem) => {
    const options = problem.options.map((option, i) => `${letter(i)})${option}`);
    return [familyOf(problem).prompt(problem.problem), ...options].join(' ');
  },
  key: (problem) => familyOf(problem).key(problem.problem),
  begin: (problem) => ({ inner: familyOf(problem).begin(problem.problem), said: null }),
  next: (problem, state) => {
    if (state.said !== null) return null;
    const family = familyOf(problem);
    const line = family.next(problem.problem, state.inner);
    if (line !== null) return { text: line.text, state: { inner: line.state, said: null } };
    const said = family.conclude(problem.problem, state.inner);
    return { text: `=${said}`, state: { inner: state.inner, said } };
  },
  conclude: (problem, { said }) => choose(problem, said ?? ''),
  slip: (problem, state, random) => {
    const family = familyOf(problem);
    if (family.next(problem.problem, state.inner) !== null) {
      const line = family.slip(problem.problem, state.inner, random);
      return { text: line.text, state: { inner: line.state, said: null } };
    }
    const right = rightOption(problem);
    const said = random.pick(problem.options.filter((_, i) => i !== right));
    return { text: `=${said}`, state: { inner: state.inner, said } };
  },
  guess: (problem, random) => letter(random.integer(0, problem.options.length - 1)),
  accept: (problem, state, line) => {
    if (state.said !== null) return fault('extra-step', 'the result is already said');
    const family = familyOf(problem);
    if (family.next(problem.problem, state.inner) !== null) {
      const reached = family.accept(problem.problem, state.inner, line);
      return isFault(reached) ? reached : { inner: reached, said: null };
    }
    const said = /^=(.*)$/.exec(line.trim())?.[1]?.trim();
    if (said === undefined) return fault('malformed', 'the step after the working is = and its result');
    return family.judgeAnswer(problem.problem, said) ?? { inner: state.inner, said };
  },
  judgeAnswer: (problem, answer) => {
    const chosen = /^\(?([A-Z])\)?\.?$/i.exec(squeeze(answer))?.[1]?.toUpperCase();
    const index = chosen === undefined ? -1 : LETTERS.indexOf(chosen);
    if (index < 0 || index >= problem.options.length) {
      return fault('malformed', `the answer ${quote(answer)} is not the letter of an option`);
    }
    return index === rightOption(problem) ? null : fault('not-equal', `option ${letter(index)} is wrong`);
  },
};

function choiceLevel(difficulty: Level, options: number): ChoiceKnobs {
  return { of: innerNames, difficulty, options };
}
