import type { Expr } from './ast.js';
import type { Budget } from './limits.js';

export function preciselyDifferent(_a: Expr, _b: Expr, _logBase: 'e' | '10', _budget: Budget): boolean {
  return false;
}
