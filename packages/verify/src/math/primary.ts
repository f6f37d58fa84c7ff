/** The grammar of things that stand alone: numbers, names, brackets and functions. */
import type { Expr, ExprOf } from './ast.js';
import { call, integer } from './ast.js';
import { parseCommand } from './command.js';
import type { Cursor } from './cursor.js';
import { Unreadable } from './cursor.js';
import { parsePower, parseRelation, parseSum } from './expression.js';
import type { Token } from './lexer.js';
import { inverses } from './vocabulary.js';

const openers: ReadonlySet<string> = new Set(['(', '[', '{', '{|', 'lfloor', 'lceil', '...', '?', '@']);

/** Whether a primary can start here, for factors side by side. */
export function startsPrimary(cursor: Cursor): boolean {
  const { token } = cursor;
  switch (token.type) {
    case 'number':
    case 'name':
    case 'function':
    case 'constant':
    case 'text':
      return true;
    case 'command':
      return !['not', 'pmod', 'mod', 'bmod', 'over', 'choose'].includes(token.name) && !token.name.startsWith('end:');
    case 'sign':
      return openers.has(token.sign) || (token.sign === '|' && cursor.bars === 0 && cursor.builders === 0);
    case 'relation':
    case 'end':
      return false;
  }
}

export function parsePrimary(cursor: Cursor): Expr {
  const { token } = cursor;
  switch (token.type) {
    case 'number':
      cursor.advance();
      return subscripted(
        cursor,
        { kind: 'number', value: token.literal.value, decimals: token.literal.decimals },
        token,
      );
    case 'name':
      cursor.advance();
      return named(cursor, token.name);
    case 'constant':
      cursor.advance();
      return { kind: 'constant', name: token.name };
    case 'text':
      cursor.advance();
      return subscripted(cursor, { kind: 'text', text: token.text }, token);
    case 'function':
      cursor.advance();
      return cursor.nested(() => parseFunction(cursor, token.name));
    case 'command':
      cursor.advance();
      return cursor.nested(() => parseCommand(cursor, token.name));
    case 'sign':
      return parseBracket(cursor, token.sign);
    case 'relation':
    case 'end':
      throw new Unreadable('an expression expected');
  }
}

const applied: ReadonlySet<string> = new Set(['f', 'g', 'h', 'F', 'G', 'H', 'P', 'Q']);

function named(cursor: Cursor, name: string): Expr {
  let full = name;
  while (cursor.take("'")) full += "'";
  const isPlainName = full === name;
  if (isPlainName && name === 'e') return subscripted(cursor, { kind: 'constant', name: 'e' }, null);
  if (isPlainName && name === 'i') return subscripted(cursor, { kind: 'constant', name: 'i' }, null);
  if (name === 'emptyset' || name === 'varnothing') return { kind: 'namedSet', name: 'empty' };
  const symbol = subscripted(cursor, { kind: 'symbol', name: full }, null);
  if (!applied.has(name) || !cursor.isSign('(') || cursor.token.spaced) return symbol;
  cursor.advance();
  const args = parseItems(cursor, ')', 0);
  return symbol.kind === 'indexed'
    ? { kind: 'call', name: `${full}_`, args: [...args, symbol.index], known: false }
    : { kind: 'call', name: full, args, known: false };
}

/** Attaches a subscript: the base of a number's digits, or the index of a name. */
function subscripted(cursor: Cursor, of: Expr, token: Token | null): Expr {
  if (!cursor.isSign('_')) return of;
  cursor.advance();
  const index = cursor.nested(() => parseScript(cursor));
  if (token?.type === 'number') return based(token.literal.digits, index);
  const name = of.kind === 'symbol' || of.kind === 'constant' ? of.name : of.kind === 'text' ? of.text : '';
  return { kind: 'indexed', name, index };
}

function based(digits: string, index: Expr): Expr {
  const base = index.kind === 'number' ? Number(index.value.n) : index.kind === 'text' ? Number(index.text) : NaN;
  if (!Number.isInteger(base) || base < 2 || base > 36) throw new Unreadable('a base from 2 to 36 expected');
  return { kind: 'based', digits, base };
}

/** One argument of a script or command: braces, or a single token with its own argument. */
export function parseScript(cursor: Cursor): Expr {
  if (cursor.isSign('{')) return parseBraces(cursor);
  if (cursor.take('-')) return { kind: 'negative', of: cursor.nested(() => parseScript(cursor)) };
  if (cursor.take('+')) return cursor.nested(() => parseScript(cursor));
  if (cursor.isSign('*') || cursor.isSign("'")) {
    cursor.advance();
    return { kind: 'text', text: '*' };
  }
  return parsePrimary(cursor);
}

/** Items up to the closing sign, separated by commas or semicolons. */
export function parseItems(cursor: Cursor, close: string, builders: number): Expr[] {
  return cursor.fresh(builders, () => {
    const items: Expr[] = [];
    if (cursor.take(close)) return items;
    do items.push(parseRelation(cursor));
    while (cursor.take(',') || cursor.take(';') || cursor.take('and'));
    cursor.expect(close);
    return items;
  });
}

/** {n \choose k} and {a \over b}; null, with nothing read, where neither command stands in the braces. */
function parseStacked(cursor: Cursor): Expr | null {
  const command = cursor.stackedCommand();
  if (command === null) return null;
  const top = parseSum(cursor);
  if (!cursor.isCommand(command)) throw new Unreadable(`\\${command} expected`);
  cursor.advance();
  const bottom = parseSum(cursor);
  cursor.expect('}');
  return command === 'choose' ? call('binomial', top, bottom) : { kind: 'quotient', top, bottom };
}

function parseBraces(cursor: Cursor): Expr {
  cursor.expect('{');
  const stacked = cursor.fresh(0, () => parseStacked(cursor));
  if (stacked !== null) return stacked;
  const items = parseItems(cursor, '}', 0);
  const [only] = items;
  if (only === undefined) return { kind: 'text', text: '' };
  return items.length === 1 ? only : { kind: 'set', items };
}

function parseBracket(cursor: Cursor, sign: string): Expr {
  switch (sign) {
    case '(':
    case '[':
      cursor.advance();
      return cursor.fresh(0, () => parseTuple(cursor, sign));
    case '{':
      return parseBraces(cursor);
    case '{|':
      cursor.advance();
      return cursor.fresh(1, () => parseSet(cursor));
    case '|':
      return parseBars(cursor);
    case 'lfloor':
    case 'lceil': {
      cursor.advance();
      const inner = cursor.fresh(0, () => parseSum(cursor));
      cursor.expect(sign === 'lfloor' ? 'rfloor' : 'rceil');
      return call(sign === 'lfloor' ? 'floor' : 'ceil', inner);
    }
    case '...':
    case '?':
    case '@':
      cursor.advance();
      return { kind: 'symbol', name: sign };
    default:
      throw new Unreadable(`an expression expected, got ${sign}`);
  }
}

function parseTuple(cursor: Cursor, open: '(' | '['): Expr {
  const items: Expr[] = [];
  if (!cursor.isSign(')') && !cursor.isSign(']')) {
    do items.push(parseRelation(cursor));
    while (cursor.take(',') || cursor.take(';'));
  }
  const close = cursor.take(')') ? ')' : cursor.take(']') ? ']' : null;
  if (close === null) throw new Unreadable('a closing bracket expected');
  const [only] = items;
  if (items.length === 1 && only !== undefined) {
    if ((open === '(') !== (close === ')')) throw new Unreadable('brackets that match expected');
    return only;
  }
  return { kind: 'tuple', open, close, items };
}

function parseSet(cursor: Cursor): Expr {
  if (cursor.take('|}')) return { kind: 'namedSet', name: 'empty' };
  const items: Expr[] = [parseRelation(cursor)];
  const [first] = items;
  if (first !== undefined && (cursor.take('|') || cursor.take(':'))) {
    cursor.builders = 0;
    const conditions: Expr[] = [];
    do conditions.push(parseRelation(cursor));
    while (cursor.take(',') || cursor.take(';') || cursor.take('and'));
    cursor.expect('|}');
    return { kind: 'builder', of: first, conditions };
  }
  while (cursor.take(',') || cursor.take(';') || cursor.take('and')) items.push(parseRelation(cursor));
  cursor.expect('|}');
  return { kind: 'set', items };
}

function parseBars(cursor: Cursor): Expr {
  cursor.advance();
  cursor.bars += 1;
  const inner = cursor.nested(() => parseSum(cursor));
  cursor.expect('|');
  cursor.bars -= 1;
  if (inner.kind === 'matrix') return { ...inner, determinant: true };
  return call('abs', inner);
}

/** Factors of a function's argument without brackets: sin 2x, sin \frac{x}{2}, log 100. */
function bareArgument(cursor: Cursor): Expr {
  const factors: Expr[] = [];
  const minus = cursor.take('-');
  while (startsPrimary(cursor) && cursor.token.type !== 'function' && cursor.token.type !== 'text') {
    if (factors.length > 0 && (cursor.isSign('(') || cursor.isSign('['))) break;
    factors.push(parsePower(cursor));
    while (cursor.isSign('*') && cursor.peek().type === 'number') {
      cursor.advance();
      factors.push(parsePower(cursor));
    }
  }
  if (factors.length === 0 && cursor.token.type === 'function') factors.push(parsePower(cursor));
  const [only] = factors;
  if (only === undefined) throw new Unreadable('an argument expected');
  const value: Expr = factors.length === 1 ? only : { kind: 'product', factors };
  return minus ? { kind: 'negative', of: value } : value;
}

function isMinusOne(expr: Expr | null): boolean {
  return expr?.kind === 'negative' && expr.of.kind === 'number' && expr.of.value.n === 1n && expr.of.value.d === 1n
    ? true
    : expr?.kind === 'number' && expr.value.n === -1n && expr.value.d === 1n;
}

function functionArguments(cursor: Cursor): Expr[] {
  if (cursor.take('(')) return parseItems(cursor, ')', 0);
  if (cursor.take('[')) return parseItems(cursor, ']', 0);
  if (cursor.isSign('{')) {
    const inner = parseBraces(cursor);
    return inner.kind === 'set' ? [...inner.items] : [inner];
  }
  return [bareArgument(cursor)];
}

function parseFunction(cursor: Cursor, name: string): Expr {
  if (name === 'sqrt' || name === 'cbrt') return parseRoot(cursor, name === 'sqrt' ? integer(2) : integer(3));
  let base: Expr | null = null;
  let exponent: Expr | null = null;
  for (let scripts = 0; scripts < 2; scripts += 1) {
    if (cursor.take('_')) base = parseScript(cursor);
    else if (cursor.take('^')) exponent = parseScript(cursor);
  }
  const inverse = inverses[name];
  const isInverse = inverse !== undefined && isMinusOne(exponent);
  const args = functionArguments(cursor);
  if (args.length === 0) throw new Unreadable('an argument expected');
  const applied: ExprOf<'call'> = {
    kind: 'call',
    name: isInverse ? inverse : base === null ? name : `${name}_`,
    args: base === null ? args : [...args, base],
    known: true,
  };
  return exponent === null || isInverse ? applied : { kind: 'power', base: applied, exponent };
}

/** A root with an optional index in square brackets. */
export function parseRoot(cursor: Cursor, index: Expr): Expr {
  let written = index;
  if (cursor.isSign('[')) {
    cursor.advance();
    written = cursor.fresh(0, () => parseSum(cursor));
    cursor.expect(']');
  }
  const radicand = cursor.nested(() => parseScript(cursor));
  return { kind: 'root', radicand, index: written };
}
