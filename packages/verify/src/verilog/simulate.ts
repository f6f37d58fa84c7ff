import { type Aig, type Literal, type Simulator } from './aig.js';
import type { Rails } from './logic.js';
import type { Miter, RegisterPair } from './miter.js';

/** Values of all inputs of the graph (0 or 1, in its order), step by step; the circuits differ in the last step. */
export type Stimulus = readonly (readonly number[])[];

export interface SimulationResult {
  /** The shortest run found in which the circuits differ, or null. */
  readonly difference: Stimulus | null;
  /** Registers that agreed in every run whenever the reference's was known. */
  readonly pairs: readonly RegisterPair[];
  /** Whether, by output, some bit of the reference was known in some step. */
  readonly known: readonly boolean[];
  /** Steps that were simulated, over all runs. */
  readonly steps: number;
}

/** Runs side by side in one word. */
const LANES = 32;

/** ANDs that may be evaluated; some hundred million a second. */
const BUDGET = 60_000_000;

/** Steps of the rounds; the shorter ones come first, since they give short counter-examples. */
const rounds: readonly number[] = [24, 192, 1500, 6000, 20_000].flatMap((length, at) =>
  Array<number>([12, 8, 4, 2, 2][at]!).fill(length),
);

/** Rounds from this length on give resets only at their start, so that deep states are reached. */
const LONG_ROUND = 1500;

/** Names of inputs that lead back to the start, with a mark of those that are active at 0. */
const resetName = /(?:rst|reset|clear|clr|^ar$|^r$)(_?n|_?b)?$/i;

/** Pairs of registers that are followed. */
const MAX_PAIRS = 1 << 19;

/** Random words; xorshift32. */
class RandomWords {
  constructor(private state: number) {}

  next(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state;
  }

  below(limit: number): number {
    return (this.next() >>> 0) % limit;
  }
}

/**
 * Simulates both circuits from power-on under random inputs of many kinds: even, rare and common levels, values that
 * are held, and levels that change once, as resets do. Stops at the first round that shows a difference.
 */
export function simulate(miter: Miter, seed = 1): SimulationResult {
  const { aig, bad, outputs, state } = miter;
  const random = new RandomWords(seed * 2 + 1);
  const seen = outputs.flatMap(({ expected }) => expected.flatMap(({ can1, can0 }) => [can1, can0]));
  const simulator = aig.simulator([bad, ...seen]);
  const cost = aig.coneSize([bad, ...seen]) + aig.latches.length + 100;
  const known = outputs.map(() => false);
  let pairs = candidatePairs(state.expected.length, state.got.length);
  let steps = 0;
  for (const length of miter.timing === 'combinational' ? rounds.map(() => 64) : rounds) {
    const wanted = Math.min(length, Math.floor(BUDGET / cost) - steps);
    if (wanted < 1) break;
    const inputs = kindsOfInputs(miter, random, length >= LONG_ROUND);
    const history: Int32Array[] = [];
    simulator.reset();
    for (let step = 0; step < wanted; step++, steps++) {
      const words = nextWords(inputs, history.at(-1), step, random);
      history.push(words);
      simulator.evaluate((index) => words[index]!);
      const differs = simulator.read(bad);
      if (differs !== 0) return { difference: lane(history, differs), pairs: [], known, steps: steps + 1 };
      for (const [at, { expected }] of outputs.entries())
        known[at] ||= expected.some((rail) => anyKnown(simulator, rail));
      if (step < 64 || step % 16 === 0) pairs = pairs.filter((pair) => agrees(simulator, state, pair));
      simulator.advance();
    }
  }
  return { difference: null, pairs, known, steps: steps * LANES };
}

/** One run of a history. */
function lane(history: readonly Int32Array[], differs: number): Stimulus {
  const bit = Math.clz32(differs & -differs) ^ 31;
  return history.map((words) => Array.from(words, (word) => (word >>> bit) & 1));
}

function candidatePairs(expected: number, got: number): RegisterPair[] {
  if (expected * got > MAX_PAIRS) return [];
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  const levels = [false, true];
  return numbers(expected).flatMap((left) =>
    numbers(got).flatMap((right) => levels.map((inverted) => ({ expected: left, got: right, inverted }))),
  );
}

function agrees(simulator: Simulator, state: Miter['state'], { expected, got, inverted }: RegisterPair): boolean {
  const { can1, can0 } = state.expected[expected]!;
  const value = simulator.read(state.got[got]!) ^ (inverted ? -1 : 0);
  return ((~simulator.read(can0) & ~value) | (~simulator.read(can1) & value)) === 0;
}

function anyKnown(simulator: Simulator, { can1, can0 }: Rails): boolean {
  return (simulator.read(can1) & simulator.read(can0)) !== -1;
}

/** How one input bit behaves during a round: a density of ones in 1/2^n, a level that changes once, or held values. */
type InputKind =
  | { readonly kind: 'density'; readonly halvings: number; readonly inverted: boolean }
  | { readonly kind: 'burst'; readonly steps: number; readonly inverted: boolean }
  | { readonly kind: 'held'; readonly halvings: number };

function kindsOfInputs({ aig, inputs }: Miter, random: RandomWords, isLong: boolean): readonly InputKind[] {
  const kinds = new Map<number, InputKind>();
  for (const { name, bits } of inputs) {
    const reset = isLong && bits.length === 1 ? resetName.exec(name) : null;
    const shared = reset === null ? kindOfPort(random) : atStart(reset[1] !== undefined);
    for (const bit of bits) kinds.set(bit >> 1, bits.length === 1 || shared.kind === 'held' ? shared : even);
  }
  return aig.inputs.map((node) => kinds.get(node) ?? even);
}

const even: InputKind = { kind: 'density', halvings: 1, inverted: false };

/** Active for two steps, then never again. */
function atStart(activeLow: boolean): InputKind {
  return { kind: 'burst', steps: 2, inverted: activeLow };
}

function kindOfPort(random: RandomWords): InputKind {
  const inverted = random.below(2) === 1;
  switch (random.below(8)) {
    case 0:
    case 1:
      return even;
    case 2:
    case 3:
      return { kind: 'density', halvings: 2 + random.below(4), inverted };
    case 4:
    case 5:
      return { kind: 'burst', steps: 1 + random.below(4), inverted };
    default:
      return { kind: 'held', halvings: 1 + random.below(4) };
  }
}

function nextWords(
  kinds: readonly InputKind[],
  before: Int32Array | undefined,
  step: number,
  random: RandomWords,
): Int32Array {
  return Int32Array.from(kinds, (kind, index) => {
    if (kind.kind === 'burst') return step < kind.steps === kind.inverted ? 0 : -1;
    let rare = random.next();
    for (let more = 1; more < kind.halvings; more++) rare &= random.next();
    if (kind.kind === 'density') return kind.inverted ? ~rare : rare;
    return before === undefined ? random.next() : (before[index]! & ~rare) | (random.next() & rare);
  });
}

/** Most input bits of which every combination is tried. */
const MAX_EXHAUSTIVE_INPUTS = 16;

/** ANDs that trying every combination may evaluate. */
const EXHAUSTIVE_BUDGET = 30_000_000;

/** Whether a combinational miter is small enough for `exhaust`. */
export function isExhaustible({ aig, bad, timing }: Miter): boolean {
  const words = 2 ** Math.max(0, aig.inputs.length - 5);
  return (
    timing === 'combinational' &&
    aig.inputs.length <= MAX_EXHAUSTIVE_INPUTS &&
    words * (aig.coneSize([bad]) + 20) <= EXHAUSTIVE_BUDGET
  );
}

/** Tries every combination of the inputs of a combinational miter; a proof where it returns null. */
export function exhaust({ aig, bad }: Miter): Stimulus | null {
  const simulator = aig.simulator([bad]);
  const patterns = [0xaaaaaaaa, 0xcccccccc, 0xf0f0f0f0, 0xff00ff00, 0xffff0000];
  const words = 2 ** Math.max(0, aig.inputs.length - patterns.length);
  for (let word = 0; word < words; word++) {
    const value = (index: number): number => patterns[index] ?? -((word >>> (index - patterns.length)) & 1);
    simulator.evaluate(value);
    const differs = simulator.read(bad);
    if (differs === 0) continue;
    return lane([Int32Array.from(aig.inputs, (_, index) => value(index))], differs);
  }
  return null;
}

/** Values of literals in every step of a run. */
export function replay(aig: Aig, stimulus: Stimulus, watched: readonly Literal[]): number[][] {
  const simulator = aig.simulator(watched);
  return stimulus.map((bits) => {
    simulator.evaluate((index) => -(bits[index] ?? 0));
    const values = watched.map((literal) => simulator.read(literal) & 1);
    simulator.advance();
    return values;
  });
}
