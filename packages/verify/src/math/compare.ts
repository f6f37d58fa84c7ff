/** Equality of two answers that have been read: which kinds may be equal, and by what rule. */
import type { Expr, ExprOf } from './ast.js';
import { comparableWords } from './answer-text.js';
import { limits } from './limits.js';
import { resolveMatrix, vectorItems } from './matrix.js';
import { isConstantValue, isName, nameAndValue, nameLetter, type Named } from './names.js';
import { expandPlusMinus } from './plus-minus.js';
import { quantitiesEqual } from './quantity.js';
import * as real from './real-set.js';
import { relationHoldsOn, relationSet, relationsEqual } from './relation.js';
import { scalarsEqual, type Comparison } from './scalar.js';

/** The answers that stand side by side in one reply. */
function itemsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'list':
    case 'set':
      return expr.items.flatMap((item) => (item.kind === 'list' ? item.items : [item])).flatMap(expandPlusMinus);
    case 'relation': {
      // x = {1, 2} and n = 1, 2 name their values; x \in {1, 2} is a set.
      const { value } = nameAndValue(expr);
      if (value.kind === 'set') return itemsOf(value);
      return expandPlusMinus(expr);
    }
    default:
      return expandPlusMinus(expr);
  }
}

/** Whether every item of one list has a partner of its own in the other. */
function matched(a: readonly Expr[], b: readonly Expr[], equal: (a: Expr, b: Expr) => boolean): boolean {
  if (a.length !== b.length || a.length > limits.items) return false;
  const open = [...b];
  return a.every((item) => {
    const at = open.findIndex((other) => equal(item, other));
    if (at >= 0) open.splice(at, 1);
    return at >= 0;
  });
}

function distinct(items: readonly Expr[], comparison: Comparison): readonly Expr[] {
  const kept: Expr[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    const key = comparison.key(item);
    if (!seen.has(key)) kept.push(item);
    seen.add(key);
  }
  return kept;
}

function inOrder(a: readonly Expr[], b: readonly Expr[], comparison: Comparison): boolean {
  return (
    a.length === b.length &&
    a.every((item, index) => {
      const other = b[index];
      return other !== undefined && itemsEqual(item, other, comparison);
    })
  );
}

/** x = 1, y = 2 has a name for every value: its order then means something to a list without names. */
function hasDistinctNames(items: readonly Named[], comparison: Comparison): boolean {
  const names = items.map(({ name }) => (name === null ? null : comparison.key(name)));
  return items.length > 1 && !names.includes(null) && new Set(names).size === items.length;
}

function listsEqual(response: Expr, reference: Expr, comparison: Comparison): boolean {
  const a = distinct(itemsOf(response), comparison);
  const b = distinct(itemsOf(reference), comparison);
  const namedA = hasDistinctNames(a.map(nameAndValue), comparison);
  const namedB = hasDistinctNames(b.map(nameAndValue), comparison);
  const isOrdered = namedA !== namedB && !(namedA ? b : a).some((item) => nameAndValue(item).name !== null);
  if (isOrdered) return inOrder(a, b, comparison);
  return matched(a, b, (first, second) => itemsEqual(first, second, comparison));
}

function isSeveral(expr: Expr): boolean {
  return expr.kind === 'list' || expr.kind === 'set' || itemsOf(expr).length > 1;
}

function isInequality(expr: Expr): expr is ExprOf<'relation'> {
  return (
    expr.kind === 'relation' &&
    !expr.operators.some((operator) => operator === '~') &&
    expr.operators.some((operator) => operator !== '=')
  );
}

/** Two inequalities side by side mean "or" or "and"; the text often does not say which, so both are tried. */
function setsOf(expr: Expr, comparison: Comparison): readonly real.RealSet[] {
  if (expr.kind === 'builder') {
    const conditions = expr.of.kind === 'relation' ? [expr.of, ...expr.conditions] : expr.conditions;
    const parts = conditions.map((item) => (item.kind === 'relation' ? relationSet(item, comparison) : null));
    return combine(parts, real.intersection);
  }
  if (expr.kind === 'relation') {
    const set = relationSet(expr, comparison);
    return set === null ? [] : [set];
  }
  if (expr.kind === 'list' && expr.items.every(isInequality)) {
    const parts = expr.items.map((item) => relationSet(item, comparison));
    return [...combine(parts, real.union), ...combine(parts, real.intersection)];
  }
  const set = real.readRealSet(expr, comparison);
  return set === null ? [] : [set];
}

function combine(
  parts: readonly (real.RealSet | null)[],
  join: (a: real.RealSet, b: real.RealSet) => real.RealSet,
): readonly real.RealSet[] {
  const whole = parts.reduce((a, b) => (a === null || b === null ? null : join(a, b)));
  return whole === null || whole === undefined ? [] : [whole];
}

function isSetLike(expr: Expr): boolean {
  return (
    expr.kind === 'setOperation' ||
    expr.kind === 'namedSet' ||
    expr.kind === 'builder' ||
    isInequality(expr) ||
    (expr.kind === 'tuple' && expr.items.length === 2 && (expr.open === '[' || expr.close === ']')) ||
    (expr.kind === 'list' && expr.items.every(isInequality))
  );
}

function realSetsAgree(response: Expr, reference: Expr, comparison: Comparison): boolean {
  if (response.kind === 'relation' && reference.kind === 'relation')
    return relationsEqual(response, reference, comparison);
  const first = setsOf(response, comparison);
  const second = setsOf(reference, comparison);
  if (first.some((a) => second.some((b) => real.realSetsEqual(a, b, comparison)))) return true;
  if (response.kind === 'relation') return second.some((set) => relationHoldsOn(response, set, comparison));
  if (reference.kind === 'relation') return first.some((set) => relationHoldsOn(reference, set, comparison));
  return false;
}

/** What a tuple, vector or one-row matrix holds. */
function componentsOf(expr: Expr): readonly Expr[] | null {
  if (expr.kind === 'tuple') return expr.items;
  return expr.kind === 'matrix' ? vectorItems(expr) : null;
}

/** The rows of a matrix as tuples, where the other side writes it as a tuple of tuples. */
function rowsOf(expr: Expr, other: Expr): readonly Expr[] | null {
  if (expr.kind !== 'matrix' || other.kind !== 'tuple' || !other.items.every((item) => item.kind === 'tuple'))
    return null;
  const [first] = other.items;
  const { open, close } = first?.kind === 'tuple' ? first : { open: '[' as const, close: ']' as const };
  return expr.rows.map((items): Expr => ({ kind: 'tuple', open, close, items }));
}

function tuplesEqual(response: Expr, reference: Expr, comparison: Comparison): boolean {
  if (response.kind === 'matrix' && reference.kind === 'matrix') {
    return (
      response.rows.length === reference.rows.length &&
      response.rows.every((row, index) => inOrder(row, reference.rows[index] ?? [], comparison))
    );
  }
  const a = rowsOf(response, reference) ?? componentsOf(response);
  const b = rowsOf(reference, response) ?? componentsOf(reference);
  if (a === null || b === null || !inOrder(a, b, comparison)) return false;
  if (response.kind !== 'tuple' || reference.kind !== 'tuple' || a.length > 2) return true;
  return response.open === reference.open && response.close === reference.close;
}

function textsEqual(a: Expr, b: Expr): boolean {
  const word = (expr: Expr): string | null =>
    expr.kind === 'text' ? expr.text : expr.kind === 'symbol' || expr.kind === 'constant' ? expr.name : null;
  const [first, second] = [word(a), word(b)];
  if (first === null || second === null) return false;
  return first === second || (first.length > 1 && comparableWords(first) === comparableWords(second));
}

function ratiosEqual(a: ExprOf<'ratio'>, b: ExprOf<'ratio'>, comparison: Comparison): boolean {
  const [firstA, firstB] = [a.parts[0], b.parts[0]];
  if (a.parts.length !== b.parts.length || firstA === undefined || firstB === undefined) return false;
  return a.parts.every((part, index) => {
    const other = b.parts[index];
    if (other === undefined) return false;
    return scalarsEqual(
      { kind: 'product', factors: [part, firstB] },
      { kind: 'product', factors: [other, firstA] },
      comparison,
    );
  });
}

function ratioValue(expr: ExprOf<'ratio'>): Expr | null {
  const [top, bottom] = expr.parts;
  return expr.parts.length === 2 && top !== undefined && bottom !== undefined
    ? { kind: 'quotient', top, bottom }
    : null;
}

function basedValue({ digits, base }: ExprOf<'based'>): number {
  return Number.parseInt(digits, base);
}

function basedEqual(a: Expr, b: Expr): boolean {
  if (a.kind === 'based' && b.kind === 'based') {
    return a.base === b.base ? a.digits === b.digits : basedValue(a) === basedValue(b);
  }
  // The question usually fixes the base, so the digits alone are the answer.
  const [based, bare] = a.kind === 'based' ? [a, b] : [b, a];
  return (
    based.kind === 'based' && bare.kind === 'number' && bare.decimals === 0 && String(bare.value.n) === based.digits
  );
}

function timesEqual(a: ExprOf<'time'>, b: ExprOf<'time'>): boolean {
  return a.seconds === b.seconds;
}

/** Whether two constant values may differ in name: x = 5 is not y = 5, but y = 2x is f(x) = 2x. */
function namesAgree(a: Named, b: Named, comparison: Comparison): boolean {
  if (a.name === null || b.name === null) return true;
  if (!isConstantValue(a.value) && !isConstantValue(b.value)) {
    return (
      a.name.kind !== 'call' ||
      b.name.kind !== 'call' ||
      !a.name.known ||
      !b.name.known ||
      sameKey(a.name, b.name, comparison)
    );
  }
  const [first, second] = [nameLetter(a.name), nameLetter(b.name)];
  if (first !== null && second !== null) {
    return (
      first === second &&
      (a.name.kind !== b.name.kind || a.name.kind === 'symbol' || sameKey(a.name, b.name, comparison))
    );
  }
  return a.name.kind === 'text' || b.name.kind === 'text' || sameKey(a.name, b.name, comparison);
}

function sameKey(a: Expr, b: Expr, comparison: Comparison): boolean {
  return comparison.key(a) === comparison.key(b);
}

/** Whether two single answers are equal. */
function itemsEqual(response: Expr, reference: Expr, comparison: Comparison): boolean {
  const a = nameAndValue(response);
  const b = nameAndValue(reference);
  if (a.value !== response || b.value !== reference) {
    if (namesAgree(a, b, comparison) && answersEqual(a.value, b.value, comparison)) return true;
    // y = 2x + 3 against y - 2x = 3: an equation on one side, a name on the other.
    if (response.kind === 'relation' && reference.kind === 'relation')
      return relationsEqual(response, reference, comparison);
    return false;
  }
  return valuesEqual(resolveMatrix(response), resolveMatrix(reference), comparison);
}

function valuesEqual(response: Expr, reference: Expr, comparison: Comparison): boolean {
  if (response.kind === 'system' || reference.kind === 'system') return systemsEqual(response, reference, comparison);
  if (isSetLike(response) || isSetLike(reference)) {
    if (realSetsAgree(response, reference, comparison)) return true;
    const isTupled = (expr: Expr): boolean => expr.kind === 'tuple' || expr.kind === 'matrix';
    if (!isTupled(response) || !isTupled(reference)) return sameStructure(response, reference, comparison);
  }
  if (response.kind === 'relation' || reference.kind === 'relation') {
    return (
      response.kind === 'relation' && reference.kind === 'relation' && relationsEqual(response, reference, comparison)
    );
  }
  if ([response, reference].some((expr) => expr.kind === 'tuple' || expr.kind === 'matrix'))
    return tuplesEqual(response, reference, comparison);
  if (response.kind === 'based' || reference.kind === 'based') return basedEqual(response, reference);
  if (response.kind === 'time' && reference.kind === 'time') return timesEqual(response, reference);
  if (response.kind === 'ratio' && reference.kind === 'ratio') return ratiosEqual(response, reference, comparison);
  if (textsEqual(response, reference)) return true;
  if (response.kind === 'text' || reference.kind === 'text') return false;
  const a = response.kind === 'ratio' ? ratioValue(response) : response;
  const b = reference.kind === 'ratio' ? ratioValue(reference) : reference;
  if (a === null || b === null || a.kind === 'time' || b.kind === 'time') return false;
  return quantitiesEqual(a, b, comparison);
}

/** Sets that are no sets of reals with constant ends: equal only if they were written alike. */
function sameStructure(a: Expr, b: Expr, comparison: Comparison): boolean {
  return a.kind === b.kind && sameKey(a, b, comparison);
}

function systemsEqual(response: Expr, reference: Expr, comparison: Comparison): boolean {
  const parts = (expr: Expr): readonly Expr[] =>
    expr.kind === 'system' || expr.kind === 'list' ? expr.items : expr.kind === 'tuple' ? expr.items : [expr];
  return matched(parts(response), parts(reference), (a, b) => itemsEqual(a, b, comparison));
}

/** A system, or (x, y) = (1, 2), as a list of equations, where the other answer is written as a list or a tuple. */
function equationsFor(expr: Expr, other: Expr): Expr {
  if (expr.kind === 'system' && (other.kind === 'list' || other.kind === 'tuple')) {
    return { kind: 'list', items: expr.items };
  }
  if (expr.kind !== 'relation' || (other.kind !== 'list' && other.kind !== 'system')) return expr;
  const [names, values] = expr.members;
  if (expr.operators.join() !== '=' || names?.kind !== 'tuple' || values?.kind !== 'tuple') return expr;
  if (names.items.length !== values.items.length || !names.items.every(isName)) return expr;
  const items = names.items.map((name, i): Expr => ({ ...expr, members: [name, values.items[i] ?? name] }));
  return { kind: 'list', items };
}

/** Whether a response's answer equals the reference's. Lists and sets are compared without order, tuples with it. */
export function answersEqual(first: Expr, second: Expr, comparison: Comparison): boolean {
  const response = equationsFor(first, second);
  const reference = equationsFor(second, response);
  if (!isSeveral(response) && !isSeveral(reference)) return itemsEqual(response, reference, comparison);
  if ((isSetLike(response) || isSetLike(reference)) && realSetsAgree(response, reference, comparison)) return true;
  const inOneOrder = (a: Expr, b: Expr): boolean =>
    a.kind === 'tuple' && a.items.length > 1 && b.kind === 'list' && inOrder(a.items, b.items, comparison);
  if (inOneOrder(response, reference) || inOneOrder(reference, response)) return true;
  return listsEqual(response, reference, comparison);
}
