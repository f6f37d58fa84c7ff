import type { Complex } from './complex.js';
import * as c from './complex.js';
import type { Expr, ExprOf, RelationOperator } from './ast.js';
import { evaluate } from './evaluate.js';
import { isConstantValue, isUnknown } from './names.js';
import * as poly from './polynomial.js';
import * as real from './real-set.js';
import type { RealSet } from './real-set.js';
import { scalarsEqual, type Comparison } from './scalar.js';
import { symbolsOf } from './transform.js';

const mirrored: Readonly<Record<RelationOperator, RelationOperator>> = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '~': '~',
  in: 'in',
  notin: 'notin',
};

/** Members of a chain that is understood; a longer one equals only what is written alike. */
const MAX_MEMBERS = 16;

/** A relation between two members, one of a chain. */
interface Link {
  readonly left: Expr;
  readonly operator: RelationOperator;
  readonly right: Expr;
}

function links({ members, operators }: ExprOf<'relation'>): readonly Link[] {
  return operators.flatMap((operator, index) => {
    const left = members[index];
    const right = members[index + 1];
    return left === undefined || right === undefined ? [] : [{ left, operator, right }];
  });
}

function half(bound: Expr, operator: RelationOperator, comparison: Comparison): RealSet | null {
  const closed = operator === '<=' || operator === '>=' || operator === '=';
  const end = real.endpoint(bound, closed, comparison);
  const [line] = real.realLine;
  if (end === null || line === undefined) return null;
  switch (operator) {
    case '<':
    case '<=':
      return [{ lower: line.lower, upper: end }];
    case '>':
    case '>=':
      return [{ lower: end, upper: line.upper }];
    case '=':
      return end.expr === null ? null : [{ lower: end, upper: end }];
    case '!=':
      return end.expr === null
        ? null
        : real.difference(real.realLine, [{ lower: { ...end, closed: true }, upper: { ...end, closed: true } }]);
    case '~':
    case 'in':
    case 'notin':
      return null;
  }
}

function linkSet({ left, operator, right }: Link, comparison: Comparison): RealSet | null {
  if (operator === 'in' || operator === 'notin') {
    const set = isUnknown(left) ? real.readRealSet(right, comparison) : null;
    return set === null || operator === 'in' ? set : real.difference(real.realLine, set);
  }
  if (isUnknown(left) && isConstantValue(right)) return half(right, operator, comparison);
  if (isUnknown(right) && isConstantValue(left)) return half(left, mirrored[operator], comparison);
  return linearSet({ left, operator, right }, comparison);
}

/** ax + b < c for a single symbol x, solved exactly. */
function linearSet({ left, operator, right }: Link, comparison: Comparison): RealSet | null {
  const unknowns = symbolsOf({ kind: 'relation', members: [left, right], operators: [operator] });
  const [name] = unknowns;
  if (unknowns.size !== 1 || name === undefined || operator === '~') return null;
  const symbol: Expr = { kind: 'symbol', name };
  const at = (x: number): Expr => ({ kind: 'number', value: { n: BigInt(x), d: 1n }, decimals: 0 });
  const value = (x: number): Complex | null =>
    comparison.attempt(() =>
      c.subtract(
        evaluate(
          left,
          comparison.point(0, () => c.complex(x)),
        ),
        evaluate(
          right,
          comparison.point(0, () => c.complex(x)),
        ),
      ),
    );
  const form = comparison.form({ kind: 'sum', terms: [left, { kind: 'negative', of: right }] });
  const variable = comparison.form(symbol);
  if (form === null || variable === null || poly.constantValue(form.bottom) === null) return null;
  const [key] = variable.top.keys();
  if (key === undefined || ![...form.top.keys()].every((term) => term === '' || term === key)) return null;
  const atZero = value(0)?.re ?? Number.NaN;
  const slope = (value(1)?.re ?? Number.NaN) - atZero;
  const constantTerm = form.top.get('')?.coefficient ?? { n: 0n, d: 1n };
  const factor = form.top.get(key)?.coefficient;
  if (factor === undefined || Number.isNaN(slope)) return null;
  const root: Expr = {
    kind: 'quotient',
    top: { kind: 'number', value: { n: -constantTerm.n, d: constantTerm.d }, decimals: 0 },
    bottom: { kind: 'number', value: factor, decimals: 0 },
  };
  return half(constantTerm.n === 0n ? at(0) : root, slope > 0 ? operator : mirrored[operator], comparison);
}

/** The set of reals that a relation in one unknown describes, where it is simple enough to be solved. */
export function relationSet(relation: ExprOf<'relation'>, comparison: Comparison): RealSet | null {
  if (relation.members.length > MAX_MEMBERS) return null;
  let result: RealSet | null = real.realLine;
  for (const link of links(relation)) {
    const next = linkSet(link, comparison);
    if (next === null || result === null) return null;
    result = real.intersection(result, next);
  }
  return result;
}

/** The one symbol of a relation, or null. */
function unknownOf(relation: Expr): string | null {
  const unknowns = [...symbolsOf(relation)];
  return unknowns.length === 1 ? (unknowns[0] ?? null) : null;
}

function holds(relation: ExprOf<'relation'>, x: number, comparison: Comparison): boolean | null {
  const point = comparison.point(0, () => c.complex(x), 'e', true);
  for (const { left, operator, right } of links(relation)) {
    const a = comparison.attempt(() => evaluate(left, point));
    const b = comparison.attempt(() => evaluate(right, point));
    if (a === null || b === null) return null;
    if (!c.isDefined(a) || !c.isDefined(b)) return false;
    const difference = a.re - b.re;
    const isEqual = Math.abs(difference) <= 1e-9 * Math.max(1, Math.abs(a.re), Math.abs(b.re));
    if (operator === '=' && !isEqual) return false;
    if (operator === '!=' && isEqual) return false;
    if (operator === '<' && (isEqual || difference > 0)) return false;
    if (operator === '>' && (isEqual || difference < 0)) return false;
    if (operator === '<=' && !isEqual && difference > 0) return false;
    if (operator === '>=' && !isEqual && difference < 0) return false;
    if (operator === '~' || operator === 'in' || operator === 'notin') return null;
  }
  return true;
}

/** Points that tell sets of reals apart: their ends, the middles between them, and a spread of others. */
function probes(ends: readonly number[]): readonly number[] {
  const finite = [...new Set(ends.filter((value) => Number.isFinite(value)))].sort((a, b) => a - b);
  const result = [...finite];
  finite.forEach((value, index) => {
    const next = finite[index + 1];
    result.push(value - 1e-3, value + 1e-3);
    if (next !== undefined) result.push((value + next) / 2);
  });
  for (let step = -60; step <= 60; step += 1)
    result.push(step / 4 + 0.0173, Math.sign(step) * 1.37 ** Math.abs(step / 2));
  return result;
}

/** Whether a relation in one unknown holds exactly on a set, as far as probing tells. */
export function relationHoldsOn(relation: ExprOf<'relation'>, set: RealSet, comparison: Comparison): boolean {
  if (relation.members.length > MAX_MEMBERS) return false;
  if (unknownOf(relation) === null) return false;
  const ends = set.flatMap(({ lower, upper }) => [lower.value, upper.value]);
  return probes(ends).every((x) => holds(relation, x, comparison) === real.contains(set, x));
}

function probedEqual(a: ExprOf<'relation'>, b: ExprOf<'relation'>, comparison: Comparison): boolean {
  const unknown = unknownOf(a);
  if (unknown === null || unknown !== unknownOf(b) || a.operators[0] === '=') return false;
  const results = probes([0, 1, -1, 2, -2, 3, -3]).map((x) => [holds(a, x, comparison), holds(b, x, comparison)]);
  return (
    results.every(([first, second]) => first !== null && first === second) && results.some(([first]) => first === true)
  );
}

function linkEqual(a: Link, b: Link, comparison: Comparison): boolean {
  const straight = a.operator === b.operator;
  const turned = a.operator === mirrored[b.operator];
  if (straight && scalarsEqual(a.left, b.left, comparison) && scalarsEqual(a.right, b.right, comparison)) return true;
  if (turned && scalarsEqual(a.left, b.right, comparison) && scalarsEqual(a.right, b.left, comparison)) return true;
  const first = comparison.form({ kind: 'sum', terms: [a.left, { kind: 'negative', of: a.right }] });
  const second = comparison.form({ kind: 'sum', terms: [b.left, { kind: 'negative', of: b.right }] });
  if (first === null || second === null || first.top.size === 0 || second.top.size === 0) return false;
  const isEquation = a.operator === '=' || a.operator === '!=';
  if (!isEquation && (poly.constantValue(first.bottom) === null || poly.constantValue(second.bottom) === null))
    return false;
  const factor = comparison.attempt(() => poly.proportion(first.top, second.top));
  if (factor === null) return isEquation && straight && proportionalAtPoints(a, b, comparison);
  const bottoms = [first, second].map((form) => poly.constantValue(form.bottom)?.n ?? 1n);
  const isPositive = factor.n > 0n === bottoms.every((value) => value > 0n);
  return isEquation ? straight : isPositive ? straight : turned;
}

/** Equations may differ by a factor that is no rational, such as a root. */
function proportionalAtPoints(a: Link, b: Link, comparison: Comparison): boolean {
  const ratio = (link: Link): Expr => ({ kind: 'sum', terms: [link.left, { kind: 'negative', of: link.right }] });
  const [nameA, nameB] = [[...symbolsOf(ratio(a))].sort().join(), [...symbolsOf(ratio(b))].sort().join()];
  if (nameA !== nameB || nameA === '') return false;
  const quotient: Expr = { kind: 'quotient', top: ratio(a), bottom: ratio(b) };
  let first: Complex | null = null;
  for (let index = 0; index < 6; index += 1) {
    const symbol = (name: string): Complex => c.complex(0.4 + ((name.charCodeAt(0) * 37 + index * 61) % 97) / 41);
    const value = comparison.attempt(() => evaluate(quotient, comparison.point(index, symbol)));
    if (value === null || !c.isDefined(value)) return false;
    first ??= value;
    if (c.magnitude(c.subtract(value, first)) > 1e-9 * c.magnitude(first)) return false;
  }
  return first !== null && c.magnitude(first) > 1e-9;
}

/** Whether two relations say the same: member by member, up to a factor, or as sets of one unknown. */
export function relationsEqual(
  response: ExprOf<'relation'>,
  reference: ExprOf<'relation'>,
  comparison: Comparison,
): boolean {
  if (response.members.length > MAX_MEMBERS || reference.members.length > MAX_MEMBERS) return false;
  const a = links(response);
  const b = links(reference);
  if (a.length === b.length) {
    if (a.every((link, index) => linkMatches(link, b[index], comparison))) return true;
    const turned = b
      .map(({ left, operator, right }) => ({ left: right, operator: mirrored[operator], right: left }))
      .reverse();
    if (a.length > 1 && a.every((link, index) => linkMatches(link, turned[index], comparison))) return true;
  }
  if (a.length > 1 !== b.length > 1 || a.length === 1) {
    const first = unknownsAgree(response, reference) ? relationSet(response, comparison) : null;
    const second = first === null ? null : relationSet(reference, comparison);
    if (first !== null && second !== null) return real.realSetsEqual(first, second, comparison);
  }
  return probedEqual(response, reference, comparison);
}

function linkMatches(a: Link, b: Link | undefined, comparison: Comparison): boolean {
  return b !== undefined && linkEqual(a, b, comparison);
}

function unknownsAgree(a: Expr, b: Expr): boolean {
  const [first, second] = [unknownOf(a), unknownOf(b)];
  return first !== null && first === second;
}
