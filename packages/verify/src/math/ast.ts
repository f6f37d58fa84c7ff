import type { Rational } from './rational.js';

export type RelationOperator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '~' | 'in' | 'notin';

export type SetOperator = 'union' | 'intersection' | 'difference';

/** Names with a fixed value. `i` is the imaginary unit. */
export type ConstantName = 'pi' | 'e' | 'i' | 'infinity';

/** Sets with a name of their own. */
export type NamedSet = 'real' | 'integer' | 'natural' | 'rational' | 'complex' | 'empty';

/** What an answer means, read from LaTeX or plain text. Trees are immutable and no deeper than `limits.depth` allows. */
export type Expr =
  /** `decimals` counts the digits written after the point, 0 for an integer. */
  | { readonly kind: 'number'; readonly value: Rational; readonly decimals: number }
  | { readonly kind: 'constant'; readonly name: ConstantName }
  /** A variable; a subscript is part of its name only when it is a plain label. */
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'indexed'; readonly name: string; readonly index: Expr }
  | { readonly kind: 'sum'; readonly terms: readonly Expr[] }
  | { readonly kind: 'product'; readonly factors: readonly Expr[] }
  | { readonly kind: 'quotient'; readonly top: Expr; readonly bottom: Expr }
  | { readonly kind: 'negative'; readonly of: Expr }
  | { readonly kind: 'power'; readonly base: Expr; readonly exponent: Expr }
  | { readonly kind: 'root'; readonly radicand: Expr; readonly index: Expr }
  /** A known function (`sin`, `log`, `factorial`, `abs` ...) or an unknown one (`f`). */
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expr[]; readonly known: boolean }
  /** left ± right; `mirrored` for ∓. */
  | { readonly kind: 'plusminus'; readonly left: Expr | null; readonly right: Expr; readonly mirrored: boolean }
  /** A sum, product, integral or limit over a bound variable. */
  | {
      readonly kind: 'bound';
      readonly operator: string;
      readonly variable: string;
      readonly limits: readonly Expr[];
      readonly body: Expr;
    }
  | { readonly kind: 'degrees'; readonly of: Expr }
  | { readonly kind: 'percent'; readonly of: Expr }
  /** A number with a unit in words or symbols, as written. */
  | { readonly kind: 'quantity'; readonly of: Expr; readonly unit: string }
  /** Digits in a stated base, such as 204_5. */
  | { readonly kind: 'based'; readonly digits: string; readonly base: number }
  | { readonly kind: 'ratio'; readonly parts: readonly Expr[] }
  /** Minutes and seconds after midnight; `meridiem` where am or pm was written. */
  | { readonly kind: 'time'; readonly seconds: number; readonly meridiem: boolean }
  | { readonly kind: 'tuple'; readonly open: '(' | '['; readonly close: ')' | ']'; readonly items: readonly Expr[] }
  | { readonly kind: 'set'; readonly items: readonly Expr[] }
  | { readonly kind: 'builder'; readonly of: Expr; readonly conditions: readonly Expr[] }
  | { readonly kind: 'namedSet'; readonly name: NamedSet }
  | { readonly kind: 'setOperation'; readonly operator: SetOperator; readonly parts: readonly Expr[] }
  | { readonly kind: 'matrix'; readonly rows: readonly (readonly Expr[])[]; readonly determinant: boolean }
  | { readonly kind: 'relation'; readonly members: readonly Expr[]; readonly operators: readonly RelationOperator[] }
  /** Answers side by side: `1, 2`, `x = 1 or x = 2`. A system is one item of such a list. */
  | { readonly kind: 'list'; readonly items: readonly Expr[] }
  | { readonly kind: 'system'; readonly items: readonly Expr[] }
  | { readonly kind: 'text'; readonly text: string };

export type ExprOf<Kind extends Expr['kind']> = Extract<Expr, { kind: Kind }>;

export function number(value: Rational, decimals = 0): Expr {
  return { kind: 'number', value, decimals };
}

export function integer(value: number | bigint): Expr {
  return { kind: 'number', value: { n: BigInt(value), d: 1n }, decimals: 0 };
}

export function sum(terms: readonly Expr[]): Expr {
  const [only] = terms;
  return terms.length === 1 && only !== undefined ? only : { kind: 'sum', terms };
}

export function product(factors: readonly Expr[]): Expr {
  const [only] = factors;
  return factors.length === 1 && only !== undefined ? only : { kind: 'product', factors };
}

export function negative(of: Expr): Expr {
  if (of.kind === 'number') return { ...of, value: { n: -of.value.n, d: of.value.d } };
  return { kind: 'negative', of };
}

export function call(name: string, ...args: readonly Expr[]): Expr {
  return { kind: 'call', name, args, known: true };
}

/** The direct parts of an expression, in reading order. */
export function children(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'constant':
    case 'symbol':
    case 'based':
    case 'time':
    case 'namedSet':
    case 'text':
      return [];
    case 'indexed':
      return [expr.index];
    case 'sum':
      return expr.terms;
    case 'product':
      return expr.factors;
    case 'quotient':
      return [expr.top, expr.bottom];
    case 'negative':
    case 'degrees':
    case 'percent':
    case 'quantity':
      return [expr.of];
    case 'power':
      return [expr.base, expr.exponent];
    case 'root':
      return [expr.radicand, expr.index];
    case 'call':
      return expr.args;
    case 'plusminus':
      return expr.left === null ? [expr.right] : [expr.left, expr.right];
    case 'bound':
      return [...expr.limits, expr.body];
    case 'ratio':
    case 'setOperation':
      return expr.parts;
    case 'tuple':
    case 'set':
    case 'list':
    case 'system':
      return expr.items;
    case 'builder':
      return [expr.of, ...expr.conditions];
    case 'matrix':
      return expr.rows.flat();
    case 'relation':
      return expr.members;
  }
}

/** Whether any part of the expression, itself included, passes the test. */
export function some(expr: Expr, test: (part: Expr) => boolean): boolean {
  return test(expr) || children(expr).some((child) => some(child, test));
}
