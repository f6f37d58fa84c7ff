export type PythonTokenKind = 'name' | 'number' | 'string' | 'operator' | 'newline' | 'other';

/** A piece of Python source that means something: blanks, comments and joined lines are between tokens. */
export interface PythonToken {
  readonly kind: PythonTokenKind;
  readonly text: string;
  /** Offset of its first character. */
  readonly start: number;
  readonly end: number;
  /** From 1. */
  readonly line: number;
  /** Brackets open around it; a bracket counts for neither side of itself. */
  readonly depth: number;
  /** For an opening bracket, the index of the token that closes it; without one, the number of tokens. */
  readonly close: number;
}

const BLANK = /(?:[ \t\f]|\\\r?\n|#[^\r\n]*)+/y;
const NEWLINE = /\r\n|\n|\r/y;
const STRING = /(?:[rRbBfFuUtT]{0,2})(?:'''|"""|'|")/y;
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const NUMBER = /0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?[jJ]?/y;
const OPERATOR =
  /\*\*=|\/\/=|>>=|<<=|\.\.\.|:=|->|!=|==|<=|>=|<<|>>|\*\*|\/\/|[-+*/%@&|^]=|[-+*/%@&|^~<>()[\]{}:;,.=]/y;

/** Splits Python source; total: what is no Python is `other`. Linear in the length. */
export function pythonTokens(source: string): PythonToken[] {
  const tokens: { -readonly [Field in keyof PythonToken]: PythonToken[Field] }[] = [];
  const open: number[] = [];
  let [at, line] = [0, 1];
  while (at < source.length) {
    const blank = match(BLANK, source, at);
    if (blank > at) {
      line += newlines(source, at, blank);
      at = blank;
      continue;
    }
    const [kind, end] = next(source, at);
    const text = source.slice(at, end);
    const opens = kind === 'operator' && '([{'.includes(text);
    const closes = kind === 'operator' && ')]}'.includes(text);
    if (closes) {
      const opener = tokens[open.pop() ?? -1];
      if (opener !== undefined) opener.close = tokens.length;
    }
    // Between brackets the end of a line means nothing.
    if (kind !== 'newline' || open.length === 0) {
      if (opens) open.push(tokens.length);
      const depth = open.length - (opens ? 1 : 0);
      tokens.push({ kind, text, start: at, end, line, depth, close: opens ? -1 : tokens.length });
    }
    line += newlines(source, at, end);
    at = end;
  }
  for (const index of open) tokens[index]!.close = tokens.length;
  return tokens;
}

function next(source: string, at: number): [PythonTokenKind, number] {
  const quote = match(STRING, source, at);
  if (quote > at) return ['string', stringEnd(source, at, quote)];
  const kinds = [
    ['newline', NEWLINE],
    ['name', NAME],
    ['number', NUMBER],
    ['operator', OPERATOR],
  ] as const;
  for (const [kind, pattern] of kinds) {
    const end = match(pattern, source, at);
    if (end > at) return [kind, end];
  }
  return ['other', at + (source.codePointAt(at)! > 0xffff ? 2 : 1)];
}

/** Where a string ends whose opening quote ends at `from`. One that is not closed ends with its line or the text. */
function stringEnd(source: string, start: number, from: number): number {
  const opening = source.slice(start, from);
  const quote = opening.slice(opening.search(/['"]/));
  const formatted = /[fFtT]/.test(opening);
  let [at, braces] = [from, 0];
  // Brackets that are open within the braces, and whether a colon outside of them has begun a format: text again.
  let [brackets, format] = [0, false];
  while (at < source.length) {
    const character = source[at]!;
    if (braces === 0) [brackets, format] = [0, false];
    else if ('([{'.includes(character)) brackets += 1;
    else if (')]}'.includes(character)) brackets -= 1;
    else if (character === ':' && brackets === 0) format = true;
    const isCode = braces > 0 && (!format || brackets > 0);
    const inner = isCode ? match(STRING, source, at) : at;
    if (character === '\\' && braces === 0) at += 2;
    else if (inner > at) at = nestedEnd(source, at, inner);
    else if (source.startsWith(quote, at)) return at + quote.length;
    else if (quote.length === 1 && (character === '\n' || character === '\r')) return at;
    else {
      if (formatted && source.startsWith('{{', at) && braces === 0) at += 1;
      else if (formatted && character === '{') braces += 1;
      else if (braces > 0 && character === '}') braces -= 1;
      at += 1;
    }
  }
  return source.length;
}

/** Where a string inside the braces of another ends; strings inside its own braces are not looked for. */
function nestedEnd(source: string, start: number, from: number): number {
  const quote = source.slice(start, from).replace(/^[^'"]*/, '');
  const end = source.indexOf(quote, from);
  return end < 0 ? source.length : end + quote.length;
}

function match(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at;
}

function newlines(source: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if (source[at] === '\n') count += 1;
  return count;
}
