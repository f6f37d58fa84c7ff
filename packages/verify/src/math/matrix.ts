import type { Expr, ExprOf } from './ast.js';
import { integer, negative, sum } from './ast.js';
import { LimitReached, limits } from './limits.js';

type Rows = readonly (readonly Expr[])[];

const MAX_DETERMINANT = 4;

function matrix(rows: Rows): ExprOf<'matrix'> {
  return { kind: 'matrix', rows, determinant: false };
}

function shape(rows: Rows): readonly [number, number] {
  return [rows.length, rows[0]?.length ?? 0];
}

function add(a: Rows, b: Rows): Rows | null {
  if (shape(a).join() !== shape(b).join()) return null;
  return a.map((row, r) => row.map((cell, col) => sum([cell, b[r]?.[col] ?? integer(0)])));
}

function multiply(a: Rows, b: Rows): Rows | null {
  const [height, inner] = shape(a);
  const [other, width] = shape(b);
  if (inner !== other) return null;
  if (height * inner * width > 4 * limits.items) throw new LimitReached('too-large');
  return a.map((row) =>
    Array.from({ length: width }, (_, col) =>
      sum(row.map((cell, k): Expr => ({ kind: 'product', factors: [cell, b[k]?.[col] ?? integer(0)] }))),
    ),
  );
}

function scale(rows: Rows, factor: Expr): Rows {
  return rows.map((row) => row.map((cell): Expr => ({ kind: 'product', factors: [factor, cell] })));
}

function transpose(rows: Rows): Rows {
  const [, width] = shape(rows);
  return Array.from({ length: width }, (_, col) => rows.map((row) => row[col] ?? integer(0)));
}

/** The determinant of a square matrix of at most four rows, as an expression. */
export function determinant(rows: Rows): Expr | null {
  const [height, width] = shape(rows);
  const [first] = rows;
  if (height !== width || height > MAX_DETERMINANT || first === undefined) return null;
  if (height === 1) return first[0] ?? null;
  const terms: Expr[] = [];
  for (const [col, cell] of first.entries()) {
    const minor = determinant(rows.slice(1).map((row) => row.filter((_, index) => index !== col)));
    if (minor === null) return null;
    const term: Expr = { kind: 'product', factors: [cell, minor] };
    terms.push(col % 2 === 0 ? term : negative(term));
  }
  return sum(terms);
}

function productOf(factors: readonly Expr[]): Rows | null {
  let rows: Rows | null = null;
  const scalars: Expr[] = [];
  for (const factor of factors) {
    const next = readMatrix(factor);
    if (next === null) scalars.push(factor);
    else if (rows === null) rows = next;
    else {
      rows = multiply(rows, next);
      if (rows === null) return null;
    }
  }
  return rows === null ? null : scalars.reduce((result: Rows, factor) => scale(result, factor), rows);
}

/** The rows of an expression of matrices, with sums and products carried out; null where it is no matrix. */
export function readMatrix(expr: Expr): Rows | null {
  switch (expr.kind) {
    case 'matrix':
      return expr.determinant ? null : expr.rows;
    case 'negative': {
      const rows = readMatrix(expr.of);
      return rows === null ? null : scale(rows, integer(-1));
    }
    case 'sum': {
      const parts = expr.terms.map(readMatrix);
      return parts.reduce((a, b) => (a === null || b === null ? null : add(a, b)));
    }
    case 'product':
      return productOf(expr.factors);
    case 'quotient': {
      const rows = readMatrix(expr.top);
      return rows === null ? null : scale(rows, { kind: 'quotient', top: integer(1), bottom: expr.bottom });
    }
    case 'call': {
      const [first] = expr.args;
      const rows = expr.name === 'transpose' && first !== undefined ? readMatrix(first) : null;
      return rows === null ? null : transpose(rows);
    }
    default:
      return null;
  }
}

/** The entries of a single row or column, or null. */
export function vectorItems({ rows }: ExprOf<'matrix'>): readonly Expr[] | null {
  if (rows.length === 1) return rows[0] ?? null;
  return rows.every((row) => row.length === 1) ? rows.flat() : null;
}

/** A matrix expression carried out, a determinant spelled out, anything else unchanged. */
export function resolveMatrix(expr: Expr): Expr {
  if (expr.kind === 'matrix' && expr.determinant) return determinant(expr.rows) ?? expr;
  if (expr.kind === 'call' && expr.name === 'det' && expr.args[0]?.kind === 'matrix') {
    return determinant(expr.args[0].rows) ?? expr;
  }
  const rows = readMatrix(expr);
  return rows === null ? expr : matrix(rows);
}
