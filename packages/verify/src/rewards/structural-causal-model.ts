/**
 * @file Exact queries over small discrete structural causal models, for the causal testbed (arXiv 2512.20760).
 *
 *   association p(v_k | v_o = x),  intervention p(v_k | do(v_j = c)),  counterfactual p(v_k^{do(j=c)} | v_o = x)
 *
 * by variable elimination (fewest neighbours first). A counterfactual runs over a twin network: per variable a selector
 * that picks one value for every parent configuration independently, and two deterministic copies that share it.
 */

/** Topologically ordered variables; `cpts[v]` has one axis per parent, in order, and last one for v's own value. */
export interface StructuralCausalModel {
  readonly parents: readonly (readonly number[])[];
  readonly cpts: readonly NestedNumbers[];
}

export type NestedNumbers = readonly (number | NestedNumbers)[];

export interface CausalAnswer {
  /** Distribution of the query variable; sums to 1. */
  readonly distribution: readonly number[];
  /** The same to two decimals, ties to even. */
  readonly rounded: readonly number[];
  /** The nodes the answer depends on, in ascending order; nodes of the twin network for counterfactuals. */
  readonly relevant: readonly number[];
}

/** Most states of one selector, and most entries of one factor. */
const mostStates = 1_000_000;

/** A non-negative function of variables; the last variable moves fastest. */
interface Factor {
  readonly variables: readonly number[];
  readonly sizes: readonly number[];
  readonly values: Float64Array;
}

function flatten(table: NestedNumbers): number[] {
  return table.flatMap((entry) => (typeof entry === 'number' ? [entry] : flatten(entry)));
}

function cardinality(table: NestedNumbers): number {
  const first = table[0];
  return typeof first === 'number' || first === undefined ? table.length : cardinality(first);
}

function makeFactor(
  variables: readonly number[],
  sizes: readonly number[],
  value: (states: readonly number[]) => number,
): Factor {
  const count = sizes.reduce((product, size) => product * size, 1);
  if (count > mostStates)
    throw new RangeError(`causal query: a factor may have ${mostStates} entries at most, got ${count}`);
  const states = sizes.map(() => 0);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    values[index] = value(states);
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      states[axis] = (states[axis]! + 1) % sizes[axis]!;
      if (states[axis] !== 0) break;
    }
  }
  return { variables, sizes, values };
}

function valueAt(factor: Factor, stateOf: ReadonlyMap<number, number>): number {
  let index = 0;
  for (const [axis, variable] of factor.variables.entries())
    index = index * factor.sizes[axis]! + (stateOf.get(variable) ?? 0);
  return factor.values[index]!;
}

/** The product of factors, summed over `eliminated` (or over nothing). */
function combine(factors: readonly Factor[], eliminated: number | null): Factor {
  const sizes = new Map(
    factors.flatMap((factor) => factor.variables.map((variable, axis) => [variable, factor.sizes[axis]!] as const)),
  );
  const eliminatedSize = eliminated === null ? 1 : (sizes.get(eliminated) ?? 1);
  const kept = [...sizes.keys()].filter((variable) => variable !== eliminated);
  const stateOf = new Map<number, number>();
  return makeFactor(
    kept,
    kept.map((variable) => sizes.get(variable)!),
    (states) => {
      for (const [axis, variable] of kept.entries()) stateOf.set(variable, states[axis]!);
      let sum = 0;
      for (let state = 0; state < eliminatedSize; state++) {
        if (eliminated !== null) stateOf.set(eliminated, state);
        sum += factors.reduce((product, factor) => product * valueAt(factor, stateOf), 1);
      }
      return sum;
    },
  );
}

/** Sums everything but `query` out of the product of the factors, and normalises. */
function eliminate(factors: readonly Factor[], query: number): number[] {
  let rest = [...factors];
  const neighbours = (variable: number): number =>
    new Set(rest.filter((factor) => factor.variables.includes(variable)).flatMap((factor) => factor.variables)).size;
  for (;;) {
    const open = [...new Set(rest.flatMap((factor) => factor.variables))].filter((variable) => variable !== query);
    if (open.length === 0) break;
    const next = open.reduce((best, variable) => (neighbours(variable) < neighbours(best) ? variable : best));
    const touching = rest.filter((factor) => factor.variables.includes(next));
    rest = [...rest.filter((factor) => !touching.includes(factor)), combine(touching, next)];
  }
  const product = combine(rest, null);
  const total = product.values.reduce((sum, value) => sum + value, 0);
  return [...product.values].map((value) => value / total);
}

function ancestors(parents: ReadonlyMap<number, readonly number[]>, starts: readonly number[]): number[] {
  const found = new Set<number>();
  const open = [...starts];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    open.push(...(parents.get(node) ?? []));
  }
  return [...found].sort((a, b) => a - b);
}

function pointMass(size: number, state: number): number[] {
  return Array.from({ length: size }, (_, index) => (index === state ? 1 : 0));
}

/** Two decimals, ties to the even neighbour. */
function roundToHundredths(value: number): number {
  const scaled = value * 100;
  const floor = Math.floor(scaled);
  const isTie = scaled - floor === 0.5;
  return (isTie ? floor + (floor % 2) : Math.round(scaled)) / 100;
}

function answer(distribution: readonly number[], relevant: readonly number[]): CausalAnswer {
  return { distribution, rounded: distribution.map(roundToHundredths), relevant };
}

function conditionalFactor(model: StructuralCausalModel, variable: number): Factor {
  const parents = model.parents[variable]!;
  const sizes = [...parents, variable].map((each) => cardinality(model.cpts[each]!));
  const table = flatten(model.cpts[variable]!);
  let index = 0;
  return makeFactor([...parents, variable], sizes, () => table[index++]!);
}

function indicator(variable: number, size: number, state: number): Factor {
  return makeFactor([variable], [size], ([each]) => (each === state ? 1 : 0));
}

function parentMap(model: StructuralCausalModel): Map<number, readonly number[]> {
  return new Map(model.parents.map((parents, variable) => [variable, parents]));
}

/** p(v_query | v_observed = state). */
export function observational(
  model: StructuralCausalModel,
  observed: number,
  state: number,
  query: number,
): CausalAnswer {
  const size = cardinality(model.cpts[query]!);
  if (query === observed) return answer(pointMass(size, state), [query]);
  const relevant = ancestors(parentMap(model), [query, observed]);
  const factors = relevant.map((variable) => conditionalFactor(model, variable));
  const evidence = indicator(observed, cardinality(model.cpts[observed]!), state);
  return answer(eliminate([...factors, evidence], query), relevant);
}

/** p(v_query | do(v_target = state)). */
export function interventional(
  model: StructuralCausalModel,
  target: number,
  state: number,
  query: number,
): CausalAnswer {
  const size = cardinality(model.cpts[query]!);
  if (query === target) return answer(pointMass(size, state), [query]);
  const relevant = ancestors(parentMap(model).set(target, []), [query]);
  const factors = relevant.map((variable) =>
    variable === target
      ? indicator(variable, cardinality(model.cpts[variable]!), state)
      : conditionalFactor(model, variable),
  );
  return answer(eliminate(factors, query), relevant);
}

/** Factors of one variable in the twin network: its selector (node 3v), factual copy (3v + 1) and twin copy (3v + 2). */
function twinFactors(
  model: StructuralCausalModel,
  variable: number,
): { selector: Factor; copy: (world: 1 | 2) => Factor } {
  const size = cardinality(model.cpts[variable]!);
  const table = flatten(model.cpts[variable]!);
  const rows = table.length / size;
  const states = size ** rows;
  // State s picks for row r the digit of s in base `size`, the last row moving fastest.
  const pick = (state: number, row: number): number => Math.floor(state / size ** (rows - 1 - row)) % size;
  const selector = makeFactor([3 * variable], [states], ([state]) => {
    let product = 1;
    for (let row = 0; row < rows; row++) product *= table[row * size + pick(state!, row)]!;
    return product;
  });
  const parents = model.parents[variable]!;
  const parentSizes = parents.map((parent) => cardinality(model.cpts[parent]!));
  const copy = (world: 1 | 2): Factor =>
    makeFactor(
      [3 * variable, ...parents.map((parent) => 3 * parent + world), 3 * variable + world],
      [states, ...parentSizes, size],
      ([state, ...rest]) => {
        const row = parentSizes.reduce((index, parentSize, axis) => index * parentSize + rest[axis]!, 0);
        return pick(state!, row) === rest.at(-1) ? 1 : 0;
      },
    );
  return { selector, copy };
}

/**
 * p(v_query in the world where v_target is set to `set` | v_observed = state was seen in the actual world).
 * Throws a RangeError when a selector has more than a million states.
 */
export function counterfactual(
  model: StructuralCausalModel,
  observed: number,
  state: number,
  target: number,
  set: number,
  query: number,
): CausalAnswer {
  if (query === target) return answer(pointMass(cardinality(model.cpts[query]!), set), [3 * query + 2]);
  const parents = new Map<number, readonly number[]>();
  for (const [variable, own] of model.parents.entries()) {
    parents.set(3 * variable + 1, [3 * variable, ...own.map((parent) => 3 * parent + 1)]);
    parents.set(3 * variable + 2, variable === target ? [] : [3 * variable, ...own.map((parent) => 3 * parent + 2)]);
  }
  const relevant = ancestors(parents, [3 * query + 2, 3 * observed + 1]);
  const factors = relevant.map((node) => {
    const variable = Math.floor(node / 3);
    if (node === 3 * target + 2) return indicator(node, cardinality(model.cpts[variable]!), set);
    const { selector, copy } = twinFactors(model, variable);
    return node % 3 === 0 ? selector : copy(node % 3 === 1 ? 1 : 2);
  });
  const evidence = indicator(3 * observed + 1, cardinality(model.cpts[observed]!), state);
  return answer(eliminate([...factors, evidence], 3 * query + 2), relevant);
}
