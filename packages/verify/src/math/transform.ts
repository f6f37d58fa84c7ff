import type { Expr } from './ast.js';

/** The same node over other parts, in the order of `children`. */
export function mapChildren(expr: Expr, change: (part: Expr) => Expr): Expr {
  switch (expr.kind) {
    case 'number':
    case 'constant':
    case 'symbol':
    case 'based':
    case 'time':
    case 'namedSet':
    case 'text':
      return expr;
    case 'indexed':
      return { ...expr, index: change(expr.index) };
    case 'sum':
      return { ...expr, terms: expr.terms.map(change) };
    case 'product':
      return { ...expr, factors: expr.factors.map(change) };
    case 'quotient':
      return { ...expr, top: change(expr.top), bottom: change(expr.bottom) };
    case 'negative':
    case 'degrees':
    case 'percent':
    case 'quantity':
      return { ...expr, of: change(expr.of) };
    case 'power':
      return { ...expr, base: change(expr.base), exponent: change(expr.exponent) };
    case 'root':
      return { ...expr, radicand: change(expr.radicand), index: change(expr.index) };
    case 'call':
      return { ...expr, args: expr.args.map(change) };
    case 'plusminus':
      return { ...expr, left: expr.left === null ? null : change(expr.left), right: change(expr.right) };
    case 'bound':
      return { ...expr, limits: expr.limits.map(change), body: change(expr.body) };
    case 'ratio':
    case 'setOperation':
      return { ...expr, parts: expr.parts.map(change) };
    case 'tuple':
    case 'set':
    case 'list':
    case 'system':
      return { ...expr, items: expr.items.map(change) };
    case 'builder':
      return { ...expr, of: change(expr.of), conditions: expr.conditions.map(change) };
    case 'matrix':
      return { ...expr, rows: expr.rows.map((row) => row.map(change)) };
    case 'relation':
      return { ...expr, members: expr.members.map(change) };
  }
}

/** Replaces a symbol everywhere. A bound variable of the same name hides it. */
export function substitute(expr: Expr, name: string, value: Expr): Expr {
  if (expr.kind === 'symbol' && expr.name === name) return value;
  if (expr.kind === 'constant' && expr.name === name) return value;
  if (expr.kind === 'bound' && expr.variable === name) return expr;
  return mapChildren(expr, (part) => substitute(part, name, value));
}

/** The names of the free symbols, indexed names and unknown functions left out. */
export function symbolsOf(expr: Expr, found: Set<string> = new Set()): Set<string> {
  if (expr.kind === 'symbol') found.add(expr.name);
  mapChildren(expr, (part) => {
    symbolsOf(part, found);
    return part;
  });
  return found;
}
