import type { Expr, ExprOf } from './ast.js';
import { comparableWords, plainSigns, unframed, withoutHedge } from './answer-text.js';
import { Cursor, Unreadable } from './cursor.js';
import { parseRelation } from './expression.js';
import { tokenize, type Token } from './lexer.js';
import { LimitReached, limits, type LimitCode } from './limits.js';
import type { CommaMeaning } from './number-literal.js';
import { readNumberWords, readPhrase } from './number-words.js';
import { isUnitWord, readUnit } from './units.js';

/** One answer, cleaned, with every way in which it can be read. */
export interface Answer {
  readonly text: string;
  /** The likeliest reading first; none where the text is no formula. */
  readonly readings: readonly Expr[];
  /** Why no reading was possible although the text may be a formula. */
  readonly limit: LimitCode | null;
}

const conclusions: ReadonlySet<string> = new Set(
  'Rightarrow implies Longrightarrow iff Leftrightarrow Longleftrightarrow therefore rightarrow'.split(' '),
);

/** What follows the last "implies": the steps before it are not the answer. */
function conclusion(tokens: readonly Token[]): readonly Token[] {
  for (let at = tokens.length - 2; at > 0; at -= 1) {
    const token = tokens[at];
    if (token?.type === 'name' && conclusions.has(token.name)) {
      return tokens[at + 1]?.type === 'end' ? tokens : tokens.slice(at + 1);
    }
  }
  return tokens;
}

const separators = [';', 'and', 'row'] as const;
const silent = ['.', '"', '`', '?', '#', '@'] as const;

function skipSilent(cursor: Cursor): void {
  while (silent.some((sign) => cursor.take(sign)));
}

function parseGroup(cursor: Cursor): Expr[] {
  const items: Expr[] = [];
  for (;;) {
    skipSilent(cursor);
    while (cursor.take(','));
    const { token } = cursor;
    if (token.type === 'end' || separators.some((sign) => cursor.isSign(sign))) return items;
    items.push(parseRelation(cursor));
    skipSilent(cursor);
    if (cursor.token.type !== 'end' && !cursor.isSign(',') && !separators.some((sign) => cursor.isSign(sign))) {
      throw new Unreadable('a separator expected');
    }
    if (items.length > limits.items) throw new LimitReached('too-large');
  }
}

function isEquation(expr: Expr): expr is ExprOf<'relation'> {
  return expr.kind === 'relation' && expr.operators[0] === '=';
}

/** `p=5, q=2 and p=7, q=2` lists two systems; `21, 16 or 11` lists three numbers. */
function gather(groups: readonly Expr[][]): Expr {
  const systems = groups.length > 1 && groups.every((group) => group.length > 1 && group.every(isEquation));
  const items: Expr[] = systems ? groups.map((group) => ({ kind: 'system', items: group })) : groups.flat();
  const [only] = items;
  if (only === undefined) throw new Unreadable('an answer expected');
  return items.length === 1 ? only : { kind: 'list', items };
}

function parse(text: string, commas: CommaMeaning): Expr {
  const cursor = new Cursor(conclusion(tokenize(text, commas)));
  const groups: Expr[][] = [];
  while (cursor.token.type !== 'end') {
    const group = parseGroup(cursor);
    if (group.length > 0) groups.push(group);
    while (separators.some((sign) => cursor.take(sign)));
  }
  return gather(groups);
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

/** A decimal comma is only read where one number is the whole answer: 2,74 but not (2,74). */
function mayBeDecimalComma(text: string): boolean {
  const comma = text.indexOf(',');
  return (
    comma > 0 &&
    comma === text.lastIndexOf(',') &&
    isDigit(text[comma - 1]) &&
    isDigit(text[comma + 1]) &&
    !/[([{]/.test(text)
  );
}

/** Whether a comma between digits may group them: exactly three digits follow. */
function isGroupComma(text: string, comma: number): boolean {
  let digits = 0;
  while (digits < 4 && isDigit(text[comma + 1 + digits])) digits += 1;
  return digits === 3;
}

function commaMeanings(text: string): readonly CommaMeaning[] {
  let between = false;
  let grouping = false;
  for (let comma = text.indexOf(','); comma >= 0; comma = text.indexOf(',', comma + 1)) {
    if (!isDigit(text[comma - 1]) || !isDigit(text[comma + 1])) continue;
    between = true;
    grouping ||= isGroupComma(text, comma);
  }
  if (!between) return ['thousands'];
  const meanings: CommaMeaning[] = !grouping
    ? ['list']
    : /[([{]/.test(text)
      ? ['list', 'thousands']
      : ['thousands', 'list'];
  if (mayBeDecimalComma(text)) meanings.push('decimal');
  return meanings;
}

const currency = /^(-?)\s*(?:\\?\$|US\$|€|£|¥|₹|₽|Rs\.?|USD)\s*(?=[\d.,-])/;

/** A leading currency sign becomes a unit behind the number. */
function currencyBehind(text: string): { text: string; unit: string | null } {
  const found = currency.exec(text);
  if (found === null) return { text, unit: null };
  const sign = found[0].replace(/[-\\\s\d]/g, '').replace('US', '');
  return { text: `${found[1] ?? ''}${text.slice(found[0].length)}`, unit: sign === 'D' ? '$' : sign };
}

/** Where plain words after a value start (`10 square units`, `5 m/s`, `7 apples`), or -1. */
function trailingWords(text: string): number {
  for (let at = 1; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '\\' || char === '=' || char === '<' || char === '>') return -1;
    if (!/[A-Za-z°²³$€£¥%]/.test(char)) continue;
    // 3e8 is a number.
    if ((char === 'e' || char === 'E') && /^\d[eE][+-]?\d/.test(text.slice(at - 1, at + 3))) continue;
    const before = text.slice(0, at).trimEnd();
    if (!/[\d)}.]$/.test(before)) return -1;
    const tail = text.slice(at).trim();
    const spaced = before.length < at;
    const [word = ''] = /^[A-Za-z]+/.exec(tail) ?? [];
    if (['and', 'or', 'to', 'in', 'mod'].includes(word)) return -1;
    const isUnit =
      readUnit(tail) !== null && (spaced || isUnitWord(word) || /^[°$€£¥%]/.test(tail) || /^[a-z]+[²³]$/.test(tail));
    const areWords = spaced && word.length > 2 && /^[A-Za-z\s.'-]+$/.test(tail) && !isFunctionWord(word);
    return isUnit || areWords ? at : -1;
  }
  return -1;
}

function isFunctionWord(word: string): boolean {
  return /^(?:sin|cos|tan|cot|sec|csc|log|sqrt|exp|mod|inf|infinity|theta|alpha|beta|gamma|lambda)/.test(word);
}

const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:\\text\{|\\mathrm\{)?\s*([ap])?\.?\s*(m)?\.?\s*\}?$/i;

function readClock(text: string): Expr | null {
  const found = clock.exec(text);
  if (found === null) return null;
  const [, hours = '', minutes = '', seconds = '0', half, m] = found;
  if (Number(hours) > 24 || Number(minutes) > 59 || (half === undefined) !== (m === undefined)) return null;
  const afternoon = half?.toLowerCase() === 'p' && Number(hours) < 12 ? 12 : 0;
  const midnight = half?.toLowerCase() === 'a' && Number(hours) === 12 ? -12 : 0;
  const total = (Number(hours) + afternoon + midnight) * 3600 + Number(minutes) * 60 + Number(seconds);
  return { kind: 'time', seconds: total, meridiem: half !== undefined };
}

function readWith(text: string, unit: string | null, commas: CommaMeaning): Expr | LimitCode | null {
  try {
    const value = parse(text, commas);
    return unit === null ? value : { kind: 'quantity', of: value, unit };
  } catch (thrown) {
    if (thrown instanceof Unreadable) return null;
    if (thrown instanceof LimitReached) return thrown.code;
    throw thrown;
  }
}

/** Answers whose meaning is in their words: `seven`, `no solution`, `\\text{all real numbers}`. */
function readWords(text: string): Expr | null {
  if (text.length > 40 || !/^[a-zA-Z\\]/.test(text)) return null;
  const words = comparableWords(text);
  return readNumberWords(words) ?? readPhrase(words);
}

function isPlainWord(text: string): boolean {
  return /^[A-Za-z]{4,}$/.test(text) && !isFunctionWord(text) && text !== text.toUpperCase();
}

/** Reads one answer, in LaTeX or plain text. Never throws; what cannot be read keeps its text and has no readings. */
export function readAnswer(raw: string): Answer {
  if (raw.length > limits.answerLength) return { text: raw, readings: [], limit: 'too-long' };
  const original = withoutHedge(unframed(raw));
  const text = unframed(plainSigns(original));
  const whole = readClock(text) ?? readWords(text);
  if (whole !== null) return { text, readings: [whole], limit: null };
  if (text === '' || isPlainWord(text)) return { text, readings: [], limit: null };
  const money = currencyBehind(text);
  const words = trailingWords(money.text);
  const body = words < 0 ? money.text : money.text.slice(0, words).trimEnd();
  const unit = words < 0 ? money.unit : (money.unit ?? money.text.slice(words).trim());
  const readings: Expr[] = [];
  let limit: LimitCode | null = null;
  for (const commas of commaMeanings(body)) {
    const reading = readWith(body, unit, commas);
    if (typeof reading === 'string') limit ??= reading;
    else if (reading !== null) readings.push(reading);
  }
  return { text, readings, limit: readings.length > 0 ? null : limit };
}
