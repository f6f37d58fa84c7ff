/**
 * Grammars of test inputs: what a valid input is, stated once, gives random inputs, inputs at the edges of the rules, and
 * the check that an input written by somebody else obeys them. The phases of SAGA (arXiv 2507.06920, section 4) that need
 * no language model: constraints, both sides of every comparison, special values.
 */
import type { Draw } from '../hardening/random.js';

export interface InputGrammar<Value> {
  /** A random valid input. */
  draw(draw: Draw): Value;
  /** Inputs that only just obey a rule, the simplest first; a few dozen at most. */
  boundary(): readonly Value[];
  /** The first rule that a value breaks, in words; null for a valid one. Never throws. */
  violation(value: unknown): string | null;
}

/** Edges kept of one grammar, so that nested lists stay a handful of inputs. */
const MAX_EDGES = 48;

/** Edges of a list that are not one item of each edge. */
const SHAPES = 8;

/** Draws that `where` may refuse in a row before its rule is taken for one that nothing obeys. */
const MAX_REFUSALS = 10_000;

/** Integers in [min, max], both safe. Half of the draws favour small magnitudes, where programs take their branches. */
export function integer({ min, max }: { readonly min: number; readonly max: number }): InputGrammar<number> {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min > max) {
    throw new RangeError(
      `integer: min and max must be safe integers in order, got ${min} and ${max}; swap or narrow them`,
    );
  }
  const inside = (value: number): boolean => value >= min && value <= max;
  const centre = Math.min(max, Math.max(min, 0));
  return {
    draw: (draw) => {
      if (draw.unit() < 0.5) return min + Math.floor(draw.unit() * (max - min + 1));
      const side = draw.unit() < 0.5 ? max - centre : min - centre;
      const magnitude = Math.floor(Math.expm1(draw.unit() * Math.log1p(Math.abs(side))));
      return centre + Math.sign(side) * magnitude;
    },
    boundary: () => distinct([min, max, centre, 1, -1, 2, min + 1, max - 1].filter(inside)),
    violation: (value) =>
      typeof value === 'number' && Number.isInteger(value) && inside(value)
        ? null
        : `an integer from ${min} to ${max} is needed`,
  };
}

/** Numbers in [min, max] with at most `decimals` digits behind the point. */
export function decimal(range: {
  readonly min: number;
  readonly max: number;
  readonly decimals: number;
}): InputGrammar<number> {
  const scale = 10 ** range.decimals;
  // A bound of so many digits is a step itself, though its product need not be whole: 0.07 * 100 is above 7.
  const step = (bound: number, otherwise: (scaled: number) => number): number =>
    isOnGrid(bound, scale) ? Math.round(bound * scale) : otherwise(bound * scale);
  const steps = integer({ min: step(range.min, Math.ceil), max: step(range.max, Math.floor) });
  return {
    draw: (draw) => steps.draw(draw) / scale,
    boundary: () => steps.boundary().map((step) => step / scale),
    violation: (value) =>
      typeof value === 'number' && steps.violation(Math.round(value * scale)) === null && isOnGrid(value, scale)
        ? null
        : `a number from ${range.min} to ${range.max} with ${range.decimals} decimals is needed`,
  };
}

/** One of the given values; each of them is an edge. */
export function oneOf<Value>(values: readonly Value[]): InputGrammar<Value> {
  if (values.length === 0) throw new RangeError('oneOf: at least one value is needed, got none; give the values');
  const keys = new Set(values.map(keyOf));
  return {
    draw: (draw) => draw.pick(values),
    boundary: () => values.slice(0, MAX_EDGES),
    violation: (value) => (keys.has(keyOf(value)) ? null : `one of ${[...keys].join(', ')} is needed`),
  };
}

/** A value as JSON; for one that has none, such as a bigint, a text that is none either. */
function keyOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return typeof value;
  }
}

export interface LengthRange {
  readonly minLength: number;
  readonly maxLength: number;
}

/** Texts over an alphabet of single characters. */
export function text({ alphabet, ...length }: LengthRange & { readonly alphabet: string }): InputGrammar<string> {
  const letters = [...alphabet];
  const items = list(oneOf(letters), length);
  return {
    draw: (draw) => items.draw(draw).join(''),
    boundary: () => distinct(items.boundary().map((characters) => characters.join(''))),
    violation: (value) => (typeof value === 'string' ? items.violation([...value]) : 'a text is needed'),
  };
}

/**
 * Lists of one kind of item. Edges: the shortest, one item of each edge, all equal, rising, falling, one pair swapped,
 * and the longest.
 */
export function list<Item>(item: InputGrammar<Item>, { minLength, maxLength }: LengthRange): InputGrammar<Item[]> {
  const lengths = integer({ min: minLength, max: maxLength });
  return {
    draw: (draw) => Array.from({ length: lengths.draw(draw) }, () => item.draw(draw)),
    boundary: () => listEdges(item.boundary(), minLength, maxLength),
    violation: (value) => {
      if (!Array.isArray(value)) return 'a list is needed';
      if (lengths.violation(value.length) !== null) return `a length from ${minLength} to ${maxLength} is needed`;
      for (const [position, each] of value.entries()) {
        const broken = item.violation(each);
        if (broken !== null) return `item ${position}: ${broken}`;
      }
      return null;
    },
  };
}

function listEdges<Item>(edges: readonly Item[], minLength: number, maxLength: number): Item[][] {
  const ordered = [...edges].sort(ascending);
  const fill = (length: number, at: (position: number) => Item): Item[] => Array.from({ length }, (_, i) => at(i));
  const cycle = (length: number, from: readonly Item[]): Item[] => fill(length, (i) => from[i % from.length]!);
  const short = Math.max(1, minLength);
  const middle = Math.min(maxLength, Math.max(minLength, edges.length));
  const found: Item[][] = minLength === 0 ? [[]] : [];
  if (maxLength === 0 || edges.length === 0) return found;
  // The shapes that follow must not be crowded out.
  for (const edge of edges.slice(0, MAX_EDGES - SHAPES)) found.push(fill(short, () => edge));
  if (middle > 1) {
    found.push(cycle(middle, ordered), cycle(middle, ordered.toReversed()), cycle(middle, edges));
    found.push(fill(middle, () => edges[0]!));
    if (maxLength >= 2) found.push(cycle(Math.max(2, minLength), ordered.toReversed()));
  }
  found.push(
    cycle(maxLength, edges),
    fill(maxLength, () => ordered.at(-1)!),
  );
  return distinct(found).slice(0, MAX_EDGES);
}

type ValuesOf<Grammars extends readonly InputGrammar<unknown>[]> = {
  -readonly [Key in keyof Grammars]: Grammars[Key] extends InputGrammar<infer Value> ? Value : never;
};

/** Fixed positions, such as the arguments of a function. Edges: each one's edges while the others stay simple; all extreme. */
export function tuple<Grammars extends readonly InputGrammar<unknown>[]>(
  ...grammars: Grammars
): InputGrammar<ValuesOf<Grammars>> {
  return {
    draw: (draw) => grammars.map((grammar) => grammar.draw(draw)) as ValuesOf<Grammars>,
    boundary: () => {
      const edges = grammars.map((grammar) => grammar.boundary());
      if (edges.some((each) => each.length === 0)) return [];
      const base = edges.map((each) => each[0]);
      const varied = edges.flatMap((each, position) => each.map((edge) => base.with(position, edge)));
      const alike = (pick: (each: readonly unknown[]) => unknown): unknown[] => edges.map(pick);
      const all = [base, alike((each) => each[1] ?? each[0]), alike((each) => each.at(-1)), ...varied];
      return distinct(all).slice(0, MAX_EDGES * Math.max(1, grammars.length)) as ValuesOf<Grammars>[];
    },
    violation: (value) => {
      if (!Array.isArray(value) || value.length !== grammars.length) return `${grammars.length} values are needed`;
      for (const [position, grammar] of grammars.entries()) {
        const broken = grammar.violation(value[position]);
        if (broken !== null) return `value ${position}: ${broken}`;
      }
      return null;
    },
  };
}

/** The inputs of a grammar that obey one more rule, such as "the list holds its target". */
export function where<Value>(
  grammar: InputGrammar<Value>,
  rule: string,
  obeys: (value: Value) => boolean,
): InputGrammar<Value> {
  return {
    draw: (draw) => {
      for (let refusals = 0; refusals < MAX_REFUSALS; refusals++) {
        const value = grammar.draw(draw);
        if (obeys(value)) return value;
      }
      throw new RangeError(
        `where: some draws must obey "${rule}", got none in ${MAX_REFUSALS}; build such inputs with \`chain\` instead`,
      );
    },
    boundary: () => grammar.boundary().filter(obeys),
    violation: (value) => grammar.violation(value) ?? (obeys(value as Value) ? null : rule),
  };
}

/** A second input whose grammar depends on the first, such as a length and a list of that length; gives the pair. */
export function chain<First, Second>(
  first: InputGrammar<First>,
  second: (value: First) => InputGrammar<Second>,
): InputGrammar<[First, Second]> {
  return {
    draw: (draw) => {
      const value = first.draw(draw);
      return [value, second(value).draw(draw)];
    },
    boundary: () =>
      first
        .boundary()
        .flatMap((value) =>
          second(value)
            .boundary()
            .map((next): [First, Second] => [value, next]),
        )
        .slice(0, 4 * MAX_EDGES),
    violation: (value) => {
      if (!Array.isArray(value) || value.length !== 2) return '2 values are needed';
      return first.violation(value[0]) ?? second(value[0] as First).violation(value[1]);
    },
  };
}

/** Whether a number is the one nearest to a whole number of steps of 1/scale. */
function isOnGrid(value: number, scale: number): boolean {
  return Math.round(value * scale) / scale === value;
}

function ascending(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The values without repetitions, in order of first appearance; compared as JSON. */
export function distinct<Value>(values: readonly Value[]): Value[] {
  const seen = new Map<string, Value>();
  for (const value of values) {
    const key = JSON.stringify(value);
    if (!seen.has(key)) seen.set(key, value);
  }
  return [...seen.values()];
}
