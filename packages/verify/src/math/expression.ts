/** The grammar from relations down to powers. Precedence is that of ordinary notation; a/bc reads as (a/b)c. */
import type { Expr, RelationOperator, SetOperator } from './ast.js';
import { call, negative, product, sum } from './ast.js';
import { parsePrimary, parseScript, startsPrimary } from './primary.js';
import type { Cursor } from './cursor.js';
import { Unreadable } from './cursor.js';
import { LimitReached } from './limits.js';
import { divide } from './rational.js';
import { isUnitWord } from './units.js';

const negated: Partial<Record<RelationOperator, RelationOperator>> = { '=': '!=', in: 'notin', '~': '!=' };

function takeRelation(cursor: Cursor): RelationOperator | null {
  const { token } = cursor;
  if (token.type === 'command' && token.name === 'not') {
    cursor.advance();
    const next = cursor.advance();
    const operator = next.type === 'relation' ? negated[next.operator] : undefined;
    if (operator === undefined) throw new Unreadable('a relation after \\not expected');
    return operator;
  }
  if (token.type !== 'relation') return null;
  cursor.advance();
  return token.operator;
}

function modulus(cursor: Cursor, last: Expr): Expr {
  const { token } = cursor;
  if (token.type !== 'command' || !['pmod', 'mod'].includes(token.name)) return last;
  cursor.advance();
  return call('congruence', last, parseScript(cursor));
}

/** A chain such as 0 < x < 1 or x = y = 3, or a single expression without a relation. */
export function parseRelation(cursor: Cursor): Expr {
  const members: Expr[] = [];
  const operators: RelationOperator[] = [];
  const leading = takeRelation(cursor);
  members.push(parseSetExpression(cursor));
  // "= 5" and "≈ 5" give the value alone.
  if (leading !== null && leading !== '=' && leading !== '~') throw new Unreadable('a left side expected');
  for (let operator = takeRelation(cursor); operator !== null; operator = takeRelation(cursor)) {
    operators.push(operator);
    members.push(parseSetExpression(cursor));
  }
  const last = members.pop();
  if (last !== undefined) members.push(modulus(cursor, last));
  const [only] = members;
  return operators.length === 0 && only !== undefined ? only : { kind: 'relation', members, operators };
}

const setOperators: Readonly<Record<string, SetOperator>> = {
  union: 'union',
  intersection: 'intersection',
  difference: 'difference',
};

function parseSetExpression(cursor: Cursor): Expr {
  let left: Expr = parseRatio(cursor);
  for (;;) {
    const { token } = cursor;
    const operator = token.type === 'sign' ? setOperators[token.sign] : undefined;
    if (operator === undefined) return left;
    cursor.advance();
    const right = parseRatio(cursor);
    const parts: readonly Expr[] =
      left.kind === 'setOperation' && left.operator === operator && operator !== 'difference' ? left.parts : [left];
    left = { kind: 'setOperation', operator, parts: [...parts, right] };
  }
}

function parseRatio(cursor: Cursor): Expr {
  const first = parseSum(cursor);
  if (cursor.builders > 0 || !cursor.isSign(':')) return first;
  const parts = [first];
  while (cursor.take(':')) parts.push(parseSum(cursor));
  return { kind: 'ratio', parts };
}

/** Terms joined by +, -, ± and ∓. */
export function parseSum(cursor: Cursor): Expr {
  return cursor.nested(() => {
    let terms: Expr[] = [parseTerm(cursor)];
    for (let marks = 0; ;) {
      if (cursor.take('+')) terms.push(parseTerm(cursor));
      else if (cursor.take('-')) terms.push(negative(parseTerm(cursor)));
      else if (cursor.isSign('±') || cursor.isSign('∓')) {
        const mirrored = cursor.isSign('∓');
        cursor.advance();
        if ((marks += 1) > 4) throw new LimitReached('too-large');
        terms = [{ kind: 'plusminus', left: sum(terms), right: parseTerm(cursor), mirrored }];
      } else return sum(terms);
    }
  });
}

function isNumeric(expr: Expr): boolean {
  return expr.kind === 'number';
}

/** A whole number directly before a proper fraction of integers: 2\frac{1}{3} and 2 1/3 are mixed numbers. */
function isMixed(whole: Expr | undefined, fraction: Expr): boolean {
  if (whole?.kind !== 'number' || whole.decimals > 0 || whole.value.d !== 1n) return false;
  if (fraction.kind !== 'quotient') return false;
  const { top, bottom } = fraction;
  if (top.kind !== 'number' || bottom.kind !== 'number' || top.decimals > 0 || bottom.decimals > 0) return false;
  return top.value.n > 0n && top.value.n < bottom.value.n && top.value.d === 1n;
}

/** The mixed number of a whole and a fraction, a mark such as % after the fraction included; null where it is none. */
function joinMixed(whole: Expr | undefined, factor: Expr): Expr | null {
  if (whole === undefined) return null;
  if (factor.kind === 'percent' || factor.kind === 'degrees') {
    const of = joinMixed(whole, factor.of);
    return of === null ? null : { ...factor, of };
  }
  return isMixed(whole, factor) ? sum([whole, factor]) : null;
}

function plainMixed(cursor: Cursor, factors: readonly Expr[]): Expr | null {
  const { token } = cursor;
  const slash = cursor.peek();
  const under = cursor.peek(2);
  if (token.type !== 'number' || !token.spaced || factors.length !== 1) return null;
  if (slash.type !== 'sign' || slash.sign !== '/' || under.type !== 'number') return null;
  const [whole] = factors;
  const fraction: Expr = {
    kind: 'quotient',
    top: { kind: 'number', value: token.literal.value, decimals: token.literal.decimals },
    bottom: { kind: 'number', value: under.literal.value, decimals: under.literal.decimals },
  };
  if (whole === undefined || !isMixed(whole, fraction) || divide(under.literal.value, under.literal.value) === null) {
    return null;
  }
  cursor.advance();
  cursor.advance();
  cursor.advance();
  return { kind: 'sum', terms: [whole, fraction] };
}

/** A unit after a value: words, powers of words and quotients of words. */
function takeUnit(cursor: Cursor): string {
  let unit = '';
  for (;;) {
    const { token } = cursor;
    if (token.type === 'text') unit += ` ${token.text}`;
    else if (token.type === 'function' && isUnitWord(token.name)) unit += ` ${token.name}`;
    else if (unit !== '' && token.type === 'sign' && token.sign === '^') {
      cursor.advance();
      const exponent = parseScript(cursor);
      if (exponent.kind !== 'number' && exponent.kind !== 'negative')
        throw new Unreadable('a power of a unit expected');
      unit += `^${exponent.kind === 'number' ? exponent.value.n : -1n}`;
      continue;
    } else if (unit !== '' && cursor.isSign('/') && cursor.peek().type === 'text') unit += ' /';
    else return unit.trim();
    cursor.advance();
  }
}

function unitFollows(cursor: Cursor): boolean {
  const { token } = cursor;
  if (token.type === 'text') return true;
  if (token.type !== 'function' || !isUnitWord(token.name)) return false;
  const after = cursor.peek();
  return after.type === 'end' || (after.type === 'sign' && [',', ';', 'and', '.'].includes(after.sign));
}

interface TermParts {
  top: Expr[];
  readonly bottom: Expr[];
}

function finish({ top, bottom }: TermParts): Expr {
  return bottom.length === 0 ? product(top) : { kind: 'quotient', top: product(top), bottom: product(bottom) };
}

/** Reads what stands beside the factors so far; false where the term ends. */
function continueTerm(cursor: Cursor, parts: TermParts): boolean {
  if (cursor.take('*')) parts.top.push(parseUnary(cursor));
  else if (cursor.take('/')) parts.bottom.push(parseUnary(cursor));
  else if (cursor.token.type === 'command' && cursor.token.name === 'bmod') {
    cursor.advance();
    parts.top = [call('mod', finish(parts), parsePower(cursor))];
    parts.bottom.length = 0;
  } else if (unitFollows(cursor)) {
    const of = finish(parts);
    parts.top = [{ kind: 'quantity', of, unit: takeUnit(cursor) }];
    parts.bottom.length = 0;
  } else {
    const mixed = plainMixed(cursor, parts.top);
    if (mixed !== null && parts.bottom.length === 0) {
      parts.top = [mixed];
      return true;
    }
    if (!startsPrimary(cursor)) return false;
    const last = parts.top.at(-1);
    if (cursor.token.type === 'number' && last !== undefined && isNumeric(last) && parts.bottom.length === 0) {
      throw new Unreadable('two numbers side by side');
    }
    const factor = parsePower(cursor);
    const mixedNumber = parts.bottom.length === 0 ? joinMixed(last, factor) : null;
    if (mixedNumber === null) parts.top.push(factor);
    else parts.top[parts.top.length - 1] = mixedNumber;
  }
  return true;
}

/** Factors joined by signs or standing side by side. */
export function parseTerm(cursor: Cursor): Expr {
  const parts: TermParts = { top: [parseUnary(cursor)], bottom: [] };
  while (continueTerm(cursor, parts));
  return finish(parts);
}

function parseUnary(cursor: Cursor): Expr {
  let minus = false;
  for (;;) {
    if (cursor.take('-')) minus = !minus;
    else if (cursor.isSign('±') || cursor.isSign('∓')) {
      const mirrored = cursor.isSign('∓') !== minus;
      cursor.advance();
      return { kind: 'plusminus', left: null, right: parseTerm(cursor), mirrored };
    } else if (!cursor.take('+')) break;
  }
  const value = parsePower(cursor);
  return minus ? negative(value) : value;
}

/** A primary with its exponents, factorials, primes and percent signs. */
export function parsePower(cursor: Cursor): Expr {
  let base = parsePrimary(cursor);
  for (let marks = 0; ; marks += 1) {
    if (marks > 8) throw new LimitReached('too-deep');
    if (cursor.isSign('^')) base = parseExponent(cursor, base);
    else if (cursor.isSign('!')) {
      cursor.advance();
      base = call(cursor.take('!') ? 'factorial2' : 'factorial', base);
    } else if (cursor.take('%')) base = { kind: 'percent', of: base };
    else if (cursor.take('°')) base = degrees(cursor, base);
    else return base;
  }
}

function degrees(cursor: Cursor, of: Expr): Expr {
  const { token } = cursor;
  if (token.type === 'name' && (token.name === 'C' || token.name === 'F')) {
    cursor.advance();
    return { kind: 'quantity', of, unit: `°${token.name}` };
  }
  return { kind: 'degrees', of };
}

function parseExponent(cursor: Cursor, base: Expr): Expr {
  cursor.advance();
  if (cursor.take('°')) return degrees(cursor, base);
  const next = cursor.peek();
  if (cursor.isSign('{') && next.type === 'sign' && (next.sign === '°' || next.sign === "'")) {
    cursor.advance();
    cursor.advance();
    while (cursor.take("'"));
    cursor.expect('}');
    return next.sign === '°' ? degrees(cursor, base) : call('prime', base);
  }
  if (cursor.token.type === 'name' && ['T', 'top', 'prime'].includes(cursor.token.name) && base.kind === 'matrix') {
    cursor.advance();
    return call('transpose', base);
  }
  const exponent = cursor.nested(() => parseScript(cursor));
  if (exponent.kind === 'number' && exponent.value.n === 1n && exponent.value.d === 1n) return base;
  return { kind: 'power', base, exponent };
}
