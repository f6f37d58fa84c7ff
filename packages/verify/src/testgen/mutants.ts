/**
 * Programs that differ from a given one in one place: the wrong programs by which a suite is measured when nobody has
 * stored any. Made from tokens, not from a grammar: strings (f-strings as a whole) and comments stay as they are, and a
 * mutant of a valid program parses with few exceptions. Some are equivalent to the original or never end.
 */
import { seededDraw } from '../hardening/random.js';
import { pythonTokens, type PythonToken } from './python-tokens.js';

export interface Mutant {
  readonly program: string;
  /** In words: `line 3: < → <=`. */
  readonly change: string;
}

/** `count` mutants at most, spread over the text and drawn from `seed`. */
export interface MutantChoice {
  readonly count: number;
  readonly seed: number;
}

/**
 * All mutants of a Python program in the order of the text, or a choice of them. The changes: comparisons (with `in` and
 * `is`), arithmetic, whole numbers by one, bounds of `range` and of slices by one, `and` and `or`, conditions negated,
 * `not` left out, `True` and `False`, `min` and `max`, and `None` instead of what is returned.
 */
export function pythonMutants(source: string, choice?: MutantChoice): Mutant[] {
  const all = edits(source);
  return (choice === undefined ? all : spread(all, choice)).map(({ start, end, text, line, from, to }) => ({
    program: source.slice(0, start) + text + source.slice(end),
    change: `line ${line}: ${brief(from)} → ${brief(to)}`,
  }));
}

function brief(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length <= 60 ? line : `${line.slice(0, 57)}...`;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly line: number;
  readonly from: string;
  readonly to: string;
}

/** One of each of `count` equal parts of the list. */
function spread<T>(all: readonly T[], { count, seed }: MutantChoice): T[] {
  if (!(Number.isSafeInteger(count) && count >= 0)) {
    throw new RangeError(`pythonMutants: count must be a whole number from 0, got ${count}; give how many to draw`);
  }
  if (all.length <= count) return [...all];
  const draw = seededDraw(seed);
  return Array.from({ length: count }, (_, part) => {
    const first = Math.floor((part * all.length) / count);
    const after = Math.floor(((part + 1) * all.length) / count);
    return all[first + draw.below(after - first)]!;
  });
}

const COMPARISONS: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '==': '!=',
  '!=': '==',
};

/** Between two operands. */
const ARITHMETIC: Readonly<Record<string, string>> = {
  '+': '-',
  '-': '+',
  '*': '+',
  '/': '*',
  '//': '/',
  '%': '//',
  '**': '*',
  '+=': '-=',
  '-=': '+=',
  '*=': '+=',
  '/=': '*=',
  '//=': '/=',
  '%=': '//=',
};

/** Names of a program may be those of any property of an object, such as `constructor`. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['and', 'or'],
  ['or', 'and'],
  ['True', 'False'],
  ['False', 'True'],
]);
const FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ['min', 'max'],
  ['max', 'min'],
]);
const KEYWORDS = new Set(
  (
    'and as assert async await break case class continue def del elif else except finally for from global if import ' +
    'in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
);

function edits(source: string): Edit[] {
  const tokens = pythonTokens(source);
  const loops = loopHeads(tokens);
  const found = tokens.flatMap((token, index) => {
    switch (token.kind) {
      case 'operator':
        return operatorEdits(source, tokens, index);
      case 'number':
        return numberEdits(token);
      case 'name':
        return tokens[index - 1]?.text === '.' ? [] : nameEdits(source, tokens, index, loops.has(index));
      case 'string':
      case 'newline':
      case 'other':
        return [];
    }
  });
  return found.sort((a, b) => a.start - b.start);
}

/** Indices of the `in` that belong to a `for`. */
function loopHeads(tokens: readonly PythonToken[]): Set<number> {
  const heads = new Set<number>();
  const waiting: number[] = [];
  for (const [index, { kind, text, depth }] of tokens.entries()) {
    if (kind !== 'name') continue;
    if (text === 'for') waiting.push(depth);
    if (text !== 'in' || waiting.at(-1) !== depth) continue;
    waiting.pop();
    heads.add(index);
  }
  return heads;
}

function replaced(token: PythonToken, to: string): Edit {
  return { start: token.start, end: token.end, text: to, line: token.line, from: token.text, to };
}

function isOperand(token: PythonToken | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === 'name') return !KEYWORDS.has(token.text);
  return token.kind === 'number' || token.kind === 'string' || [')', ']', '}'].includes(token.text);
}

function operatorEdits(source: string, tokens: readonly PythonToken[], index: number): Edit[] {
  const token = tokens[index]!;
  const [before, after] = [tokens[index - 1], tokens[index + 1]];
  const comparison = COMPARISONS[token.text];
  if (comparison !== undefined) return [replaced(token, comparison)];
  const arithmetic = ARITHMETIC[token.text];
  if (arithmetic !== undefined) {
    // Of texts only + and % are defined: any other operator would only raise.
    const ofTexts = before?.kind === 'string' || after?.kind === 'string';
    return isOperand(before) && !ofTexts ? [replaced(token, arithmetic)] : [];
  }
  const opens = isOperand(before) && before?.kind !== 'number';
  if (token.text === '[' && opens) return sliceEdits(source, tokens, index);
  if (token.text === '(' && before?.text === 'range' && tokens[index - 2]?.text !== '.') {
    return parts(tokens, index, ',').flatMap((part) => shifts(source, part));
  }
  return [];
}

/** Decimal whole numbers, by one up and by one down. */
function numberEdits(token: PythonToken): Edit[] {
  if (!/^\d[\d_]*$/.test(token.text) || token.text.length > 100) return [];
  const value = BigInt(token.text.replaceAll('_', ''));
  return [replaced(token, String(value + 1n)), replaced(token, String(value - 1n))];
}

function nameEdits(source: string, tokens: readonly PythonToken[], index: number, inLoopHead: boolean): Edit[] {
  const token = tokens[index]!;
  const [before, after] = [tokens[index - 1], tokens[index + 1]];
  const word = WORDS.get(token.text);
  if (word !== undefined) return [replaced(token, word)];
  const called = FUNCTIONS.get(token.text);
  if (called !== undefined && after?.text === '(' && before?.text !== 'def') return [replaced(token, called)];
  switch (token.text) {
    case 'in':
      return inLoopHead || before?.text === 'not' ? [] : [replaced(token, 'not in')];
    case 'is':
      return after?.text === 'not' ? [] : [replaced(token, 'is not')];
    case 'not':
      return after === undefined ? [] : [withoutNot(tokens, index)];
    case 'if':
    case 'elif':
    case 'while':
      return negation(source, tokens, index);
    case 'return':
      return noReturn(source, tokens, index);
    default:
      return [];
  }
}

function withoutNot(tokens: readonly PythonToken[], index: number): Edit {
  const [token, after] = [tokens[index]!, tokens[index + 1]!];
  const is = tokens[index - 1]?.text === 'is' ? 'is ' : '';
  const kept = after.text.slice(0, 40);
  const { start, line } = token;
  return { start, end: after.start, text: '', line, from: `${is}not ${kept}`, to: `${is}${kept}` };
}

/** A run of tokens between brackets or separators. */
interface Part {
  readonly tokens: readonly PythonToken[];
  /** Where it would stand when it is empty. */
  readonly start: number;
}

/** The parts between the bracket at `index` and its end; a bracket that is not closed has none. */
function parts(tokens: readonly PythonToken[], index: number, separator: string): Part[] {
  const { close, depth } = tokens[index]!;
  if (close >= tokens.length) return [];
  const found: Part[] = [];
  let first = index + 1;
  for (let at = first; at <= close; at++) {
    const token = tokens[at]!;
    if (at < close && !(token.depth === depth + 1 && token.text === separator)) continue;
    found.push({ tokens: tokens.slice(first, at), start: tokens[first - 1]!.end });
    first = at + 1;
  }
  return found;
}

function textOf(source: string, [first, ...rest]: readonly PythonToken[]): string {
  return first === undefined ? '' : source.slice(first.start, (rest.at(-1) ?? first).end);
}

/** A bound by one up and by one down. Whole numbers are left out: they change by themselves. */
function shifts(source: string, part: Part): Edit[] {
  const [first, ...rest] = part.tokens;
  if (first === undefined || first.text === '*' || rest.some(({ text }) => text === 'for' || text === ':=')) return [];
  const signed = first.text === '-' && rest.length === 1 ? rest[0] : rest.length === 0 ? first : undefined;
  if (signed?.kind === 'number') return [];
  const from = textOf(source, part.tokens);
  const operand = rest.length === 0 ? from : `(${from})`;
  return ['+', '-'].map((sign) => {
    const to = `${operand} ${sign} 1`;
    return { start: first.start, end: first.start + from.length, text: to, line: first.line, from, to };
  });
}

/** Bounds of a slice; where one is absent, one item less on that side. */
function sliceEdits(source: string, tokens: readonly PythonToken[], index: number): Edit[] {
  const own = parts(tokens, index, ':');
  if (own.length < 2 || own.length > 3 || own.some((part) => part.tokens.some(isNoBound))) return [];
  const { line } = tokens[index]!;
  return own.slice(0, 2).flatMap((part, side) => {
    if (part.tokens.length > 0) return shifts(source, part);
    const text = side === 0 ? '1' : '-1';
    const to = side === 0 ? '[1:' : ':-1]';
    return [{ start: part.start, end: part.start, text, line, from: side === 0 ? '[:' : ':]', to }];
  });
}

/** Several axes, and a colon that is not the slice's. */
function isNoBound({ text }: PythonToken): boolean {
  return text === ',' || text === 'lambda';
}

const CONDITION_ENDS = new Set([':', ',', ';', 'else', 'for', 'async', 'if']);

/** The tokens from `first` that belong to the expression there. */
function expression(tokens: readonly PythonToken[], first: number, ends: ReadonlySet<string>): PythonToken[] {
  const found: PythonToken[] = [];
  const depth = tokens[first]?.depth ?? 0;
  for (let at = first; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token.kind === 'newline' || token.depth < depth) break;
    if (token.depth === depth && token.kind !== 'string' && ends.has(token.text)) break;
    found.push(token);
  }
  return found;
}

function negation(source: string, tokens: readonly PythonToken[], index: number): Edit[] {
  const condition = expression(tokens, index + 1, CONDITION_ENDS);
  const [first] = condition;
  const depth = tokens[index]!.depth;
  // Without its `not` the condition is negated already.
  if (first === undefined || first.text === 'not') return [];
  if (condition.some((token) => token.text === 'lambda' && token.depth === depth)) return [];
  const from = textOf(source, condition);
  const to = `not (${from})`;
  const text = apart(tokens[index]!, first) + to;
  return [{ start: first.start, end: first.start + from.length, text, line: first.line, from, to }];
}

const STATEMENT_ENDS = new Set([';']);

function noReturn(source: string, tokens: readonly PythonToken[], index: number): Edit[] {
  const value = expression(tokens, index + 1, STATEMENT_ENDS);
  const [first] = value;
  if (first === undefined || (value.length === 1 && first.text === 'None')) return [];
  const from = textOf(source, value);
  const text = `${apart(tokens[index]!, first)}None`;
  const edit = { start: first.start, end: first.start + from.length, text, line: first.line };
  return [{ ...edit, from: `return ${from}`, to: 'return None' }];
}

/** What keeps a keyword from growing together with a word put behind it: `if(a)`. */
function apart(keyword: PythonToken, after: PythonToken): string {
  return keyword.end === after.start ? ' ' : '';
}
