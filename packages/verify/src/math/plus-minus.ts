import type { Expr } from './ast.js';
import { negative, some, sum } from './ast.js';
import { mapChildren } from './transform.js';

function choose(expr: Expr, isUpper: boolean): Expr {
  if (expr.kind !== 'plusminus') return mapChildren(expr, (part) => choose(part, isUpper));
  const right = choose(expr.right, isUpper);
  const signed = isUpper !== expr.mirrored ? right : negative(right);
  return expr.left === null ? signed : sum([choose(expr.left, isUpper), signed]);
}

/** The values that ± stands for: all upper signs and all lower signs. Without a ± the expression itself. */
export function expandPlusMinus(expr: Expr): readonly Expr[] {
  if (!some(expr, (part) => part.kind === 'plusminus')) return [expr];
  return [choose(expr, true), choose(expr, false)];
}
