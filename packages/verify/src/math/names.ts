/** Which left sides only name an answer: x = 5 and f(x) = 2x + 3 give 5 and 2x + 3, but 2x + z = 1 is an equation. */
import type { Expr, ExprOf } from './ast.js';
import { some } from './ast.js';

/** An answer without its name. */
export interface Named {
  readonly name: Expr | null;
  readonly value: Expr;
}

/** Whether an expression is a name: x, a_3, f(x), AB, |AB|, (p, q), \text{Area}, \sin A. */
export function isName(expr: Expr): boolean {
  switch (expr.kind) {
    case 'symbol':
    case 'indexed':
    case 'text':
      return true;
    case 'call':
      return expr.args.every((arg) => !expr.known || isName(arg)) && expr.name !== 'factorial';
    case 'product':
      return (
        expr.factors.length <= 6 &&
        expr.factors.every((factor) => factor.kind === 'symbol' || factor.kind === 'indexed')
      );
    case 'tuple':
      return expr.items.every(isName);
    case 'quotient':
      return isDifferential(expr.top) && isDifferential(expr.bottom);
    case 'quantity':
      return isName(expr.of);
    default:
      return false;
  }
}

/** dy and d^2 y, so that dy/dx is a name. */
function isDifferential(expr: Expr): boolean {
  const first = expr.kind === 'product' ? expr.factors[0] : expr;
  const letter = first?.kind === 'power' ? first.base : first;
  return letter?.kind === 'symbol' && (letter.name === 'd' || letter.name === 'partial');
}

/** Whether an expression stands for an unknown quantity: a name, but no known function of one such as sin x or |x|. */
export function isUnknown(expr: Expr): boolean {
  return isName(expr) && expr.kind !== 'tuple' && !(expr.kind === 'call' && expr.known);
}

export function isConstantValue(expr: Expr): boolean {
  return !some(
    expr,
    (part) => part.kind === 'symbol' || part.kind === 'indexed' || (part.kind === 'call' && !part.known),
  );
}

/** The members that count: those before the first ≈, unless it comes directly after a name. */
function beforeApproximation({ members, operators }: ExprOf<'relation'>): readonly Expr[] {
  const at = operators.indexOf('~');
  const [first] = members;
  if (at < 0) return members;
  return at === 0 && first !== undefined && isName(first) ? members.slice(0, 2) : members.slice(0, at + 1);
}

/**
 * The value of an answer and the name that it carries. A chain a = b = c gives its last member, an approximation after
 * it none. An equation between two expressions, neither of them a name, has no value and is returned whole.
 */
export function nameAndValue(expr: Expr): Named {
  if (expr.kind !== 'relation') return { name: null, value: expr };
  const { operators } = expr;
  const [first] = expr.members;
  if (operators.length === 1 && operators[0] === 'in' && first !== undefined && isName(first)) {
    return { name: first, value: expr.members[1] ?? expr };
  }
  if (!operators.every((operator) => operator === '=' || operator === '~')) return { name: null, value: expr };
  const members = beforeApproximation(expr);
  const last = members.at(-1);
  if (first === undefined || last === undefined) return { name: null, value: expr };
  if (members.length === 1) return { name: null, value: first };
  if (isName(first))
    return isName(last) && members.length === 2 && !isName(first)
      ? { name: null, value: expr }
      : { name: first, value: last };
  if (isConstantValue(first))
    return isName(last) && members.length === 2 ? { name: last, value: first } : { name: null, value: last };
  if (members.length > 2) return { name: null, value: last };
  return { name: null, value: expr };
}

/** The symbol at the heart of a name, by which two names are told apart. */
export function nameLetter(name: Expr): string | null {
  if (name.kind === 'symbol') return name.name;
  if (name.kind === 'indexed') return name.name;
  return null;
}
