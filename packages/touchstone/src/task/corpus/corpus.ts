import { deriveSeed, Random } from '../../random.js';
import { families } from '../families/index.js';
import type { FamilyName } from '../families/index.js';
import type { Level } from '../families/family.js';
import { drawProblem } from '../split.js';
import { writeFlawed, writeRight } from './authors.js';
import type { Flaw } from './authors.js';

/**
 * Who wrote the corpus. Weights need not sum to 1; each is the relative frequency of its key.
 *
 * The flaws are there on purpose. A base model imitates its corpus; from faultless workings it would learn to be right
 * nearly always or, on what it cannot do, nearly never, and in both cases reinforcement learning would have little to
 * say. Real pretraining text is a noisy population of authors, and so is this one: a stated share of the workings goes
 * wrong in plausible ways. A model sampled at temperature 1 then errs about as often as the authors do, on top of its
 * own mistakes, while the careful way of working stays well inside what it does by itself. That is the state in which
 * a reward that can be checked has something to amplify.
 */
export interface CorpusMixture {
  readonly families: Readonly<Record<FamilyName, number>>;
  readonly levels: Readonly<Record<Level, number>>;
  /** Share of flawed workings in [0, 1]. */
  readonly flawedShare: number;
  readonly flaws: Readonly<Record<Flaw, number>>;
}

export interface CorpusDocument {
  readonly family: FamilyName;
  readonly level: Level;
  /** As in a task: ends with a line break. */
  readonly prompt: string;
  /** Steps and `#### answer`, without a line break or an end token. */
  readonly response: string;
  /** Null for a careful author. */
  readonly flaw: Flaw | null;
  readonly flawed: boolean;
}

/** Half of the authors err; most of them slip in one line. Middling problems are as frequent as easy and hard ones together. */
export const defaultMixture: CorpusMixture = {
  families: {
    addition: 2,
    multiplication: 1,
    countdown: 1,
    modular: 1,
    sorting: 1,
    graph: 1,
    boolean: 1,
    bases: 1,
    'multiple-choice': 1,
  },
  levels: { easy: 0.35, middling: 0.5, hard: 0.15 },
  flawedShare: 0.5,
  flaws: { slip: 0.5, skip: 0.1, mismatch: 0.15, guess: 0.25 },
};

function pickKey<K extends string>(random: Random, weights: Readonly<Record<K, number>>): K {
  const keys = Object.keys(weights) as K[];
  return keys[random.weighted(keys.map((key) => weights[key]))] as K;
}

/**
 * Document `index` of the endless pretraining corpus: a function of its arguments only. All its problems are of the
 * train split, so that the base model has never seen a held-out task.
 */
export function corpusDocument(seed: number, index: number, mixture: CorpusMixture = defaultMixture): CorpusDocument {
  if (!(mixture.flawedShare >= 0 && mixture.flawedShare <= 1)) {
    throw new RangeError(`corpusDocument: flawedShare must be in [0, 1], got ${mixture.flawedShare}`);
  }
  const random = new Random(deriveSeed(seed, 'corpus', index));
  const name = pickKey(random, mixture.families);
  const level = pickKey(random, mixture.levels);
  const flaw = random.chance(mixture.flawedShare) ? pickKey(random, mixture.flaws) : null;
  const family = families[name];
  const problem = drawProblem(family, family.levels[level], random.seed(), 'train', index);
  const response = flaw === null ? writeRight(family, problem) : writeFlawed(family, problem, flaw, random);
  return { family: name, level, prompt: `${family.prompt(problem)}\n`, response, flaw, flawed: flaw !== null };
}
