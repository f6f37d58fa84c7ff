import type { Random } from '../../random.js';
import type { Json } from '../task.js';
import type { Family, Line } from '../families/family.js';
import { continueWorking, formatWorking } from '../working.js';

type AnyFamily = Family<object, Json, unknown>;

/** How an author goes wrong. */
export type Flaw = 'slip' | 'skip' | 'mismatch' | 'guess';

interface Written {
  readonly state: unknown;
  readonly line: Line<unknown>;
}

function careful(family: AnyFamily, problem: Json): Written[] {
  const lines: Written[] = [];
  let state = family.begin(problem);
  for (let line = family.next(problem, state); line !== null; line = family.next(problem, state)) {
    lines.push({ state, line });
    state = line.state;
  }
  return lines;
}

/** A guess that is wrong; the right answer with a question mark in the unheard-of case that every guess is right. */
function wrongGuess(family: AnyFamily, problem: Json, random: Random): string {
  for (let draw = 0; draw < 100; draw++) {
    const answer = family.guess(problem, random);
    if (family.judgeAnswer(problem, answer) !== null) return answer;
  }
  return `${solve(family, problem)}?`;
}

function solve(family: AnyFamily, problem: Json): string {
  return continueWorking(family, problem, family.begin(problem)).answer;
}

/** The working of a careful author. */
export function writeRight(family: AnyFamily, problem: Json): string {
  return formatWorking(continueWorking(family, problem, family.begin(problem)));
}

type Author = (family: AnyFamily, problem: Json, lines: readonly Written[], random: Random) => string;

const authors: { readonly [F in Flaw]: Author } = {
  slip: (family, problem, lines, random) => {
    const place = random.integer(0, lines.length - 1);
    const slip = family.slip(problem, lines[place]?.state, random);
    const rest = continueWorking(family, problem, slip.state);
    const before = lines.slice(0, place).map(({ line }) => line.text);
    return formatWorking({ steps: [...before, slip.text, ...rest.steps], answer: rest.answer });
  },
  skip: (family, problem, lines, random) => {
    const place = random.integer(0, lines.length - 1);
    const steps = lines.filter((_, i) => i !== place).map(({ line }) => line.text);
    return formatWorking({ steps, answer: solve(family, problem) });
  },
  mismatch: (family, problem, lines, random) =>
    formatWorking({ steps: lines.map(({ line }) => line.text), answer: wrongGuess(family, problem, random) }),
  guess: (family, problem, _lines, random) => formatWorking({ steps: [], answer: wrongGuess(family, problem, random) }),
};

/**
 * A flawed working, well meant: `slip` has one wrong line, all that follows being consistent with it; `skip` leaves a
 * line out and knows its result all the same; `mismatch` ends a right working with a wrong answer; `guess` gives a
 * wrong answer without working. A problem without lines of working can only be guessed.
 */
export function writeFlawed(family: AnyFamily, problem: Json, flaw: Flaw, random: Random): string {
  const lines = careful(family, problem);
  return authors[lines.length === 0 ? 'guess' : flaw](family, problem, lines, random);
}
