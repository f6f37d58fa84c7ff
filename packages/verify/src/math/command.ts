/** The grammar of LaTeX commands with arguments and of environments. */
import type { Expr } from './ast.js';
import { call, integer } from './ast.js';
import type { Cursor } from './cursor.js';
import { Unreadable } from './cursor.js';
import { parseRelation, parseTerm } from './expression.js';
import { LimitReached, limits } from './limits.js';
import { parseRoot, parseScript } from './primary.js';
import { fromDecimal } from './rational.js';
import { accentCommands, namedSets } from './vocabulary.js';

/** One argument of \frac or \binom: without braces it is a single digit, so \frac12 is one half. */
function parseArgument(cursor: Cursor): Expr {
  const { token } = cursor;
  if (token.type !== 'number' || token.literal.decimals > 0 || token.literal.digits.length < 2) {
    return parseScript(cursor);
  }
  const [digit = '0'] = token.literal.digits;
  const rest = token.literal.digits.slice(1);
  const literal = { ...token.literal, digits: rest, value: fromDecimal(rest) };
  cursor.replace({ type: 'number', literal, spaced: false });
  return integer(BigInt(digit));
}

export function parseCommand(cursor: Cursor, name: string): Expr {
  if (name.startsWith('begin:')) return parseEnvironment(cursor, name.slice('begin:'.length));
  if (name.endsWith('frac')) {
    const top = parseArgument(cursor);
    return { kind: 'quotient', top, bottom: parseArgument(cursor) };
  }
  if (name.endsWith('binom')) {
    const top = parseArgument(cursor);
    return call('binomial', top, parseArgument(cursor));
  }
  if (accentCommands.has(name)) return accented(name, parseScript(cursor));
  switch (name) {
    case 'sqrt':
      return parseRoot(cursor, integer(2));
    case 'mathbb':
    case 'Bbb':
      return parseNamedSet(cursor);
    case 'sum':
    case 'prod':
    case 'int':
    case 'iint':
    case 'oint':
    case 'lim':
      return parseBound(cursor, name);
    default:
      throw new Unreadable(`an expression expected, got \\${name}`);
  }
}

function accented(accent: string, of: Expr): Expr {
  if (['vec', 'overrightarrow', 'overset', 'underset', 'stackrel'].includes(accent)) return of;
  const letters = of.kind === 'symbol' ? of.name : of.kind === 'product' ? lettersOf(of.factors) : null;
  return letters === null
    ? { kind: 'call', name: accent, args: [of], known: false }
    : { kind: 'symbol', name: `${accent}(${letters})` };
}

function lettersOf(factors: readonly Expr[]): string | null {
  let letters = '';
  for (const factor of factors) {
    if (factor.kind !== 'symbol') return null;
    letters += factor.name;
  }
  return letters;
}

function parseNamedSet(cursor: Cursor): Expr {
  const inner = parseScript(cursor);
  const named = inner.kind === 'symbol' ? namedSets[inner.name] : undefined;
  if (named === undefined) throw new Unreadable('a letter for a set expected');
  if (!cursor.isSign('^') && !cursor.isSign('_')) return { kind: 'namedSet', name: named };
  cursor.advance();
  const script = parseScript(cursor);
  return { kind: 'call', name: `set:${named}`, args: [script], known: false };
}

/** \sum_{k=1}^{n} a_k and its like; the body reaches to the end of the term. */
function parseBound(cursor: Cursor, operator: string): Expr {
  const bounds: Expr[] = [];
  let variable = '';
  for (let scripts = 0; scripts < 2; scripts += 1) {
    if (cursor.take('_')) {
      const lower = parseScript(cursor);
      if (lower.kind === 'relation' && lower.operators[0] === '=' && lower.members.length === 2) {
        const [bound, from] = lower.members;
        if (bound?.kind === 'symbol') variable = bound.name;
        if (bound?.kind === 'constant') variable = bound.name;
        if (from !== undefined) bounds.push(from);
      } else bounds.push(lower);
    } else if (cursor.take('^')) bounds.push(parseScript(cursor));
  }
  return { kind: 'bound', operator, variable, limits: bounds, body: cursor.nested(() => parseTerm(cursor)) };
}

const matrices: ReadonlySet<string> = new Set(
  'matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix array tabular'.split(' '),
);

function parseRows(cursor: Cursor, environment: string): Expr[][] {
  const rows: Expr[][] = [[]];
  let cells = 0;
  for (;;) {
    if (cursor.isCommand(`end:${environment}`)) break;
    if (cursor.token.type === 'end') throw new Unreadable(`the end of ${environment} expected`);
    if (cursor.take('row')) rows.push([]);
    else if (cursor.take('&') || cursor.take(',') || cursor.take('and') || cursor.take('.')) continue;
    else rows.at(-1)?.push(cursor.fresh(0, () => parseRelation(cursor)));
    if ((cells += 1) > 4 * limits.items) throw new LimitReached('too-large');
  }
  cursor.advance();
  return rows.filter((row) => row.length > 0);
}

function parseEnvironment(cursor: Cursor, environment: string): Expr {
  const rows = parseRows(cursor, environment);
  if (matrices.has(environment)) {
    const width = rows[0]?.length ?? 0;
    if (width === 0 || rows.some((row) => row.length !== width)) throw new Unreadable('rows of one length expected');
    return { kind: 'matrix', rows, determinant: environment === 'vmatrix' };
  }
  const items = rows.flat();
  const [only] = items;
  if (only === undefined) throw new Unreadable('an empty environment');
  return items.length === 1 ? only : { kind: 'system', items };
}
