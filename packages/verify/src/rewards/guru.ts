/** @file Guru (arXiv 2506.14965): rewards of logic, simulation and graph tasks, output matching, curation filters. */
import { parseJson } from '../structure/json.js';
import { fromJson, parsePythonLiteral, pythonEqual, type PythonValue } from './python-literal.js';
import { lastBraceObject, lastTagContent } from './tagged.js';

export interface ZebraGrid {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function readRows(answer: string): readonly PythonValue[] | null {
  const json = parseJson(answer);
  const value = parsePythonLiteral(answer) ?? (json === null ? null : fromJson(json.value));
  const rows = value?.kind === 'dict' ? value.entries.get('rows') : undefined;
  return rows?.kind === 'list' || rows?.kind === 'tuple' ? rows.items : null;
}

/**
 * Share of right cells of the last single-line answer tag. A row or column that is missing makes it 0; the header is not
 * checked and further rows are ignored. `exact` gives 1 for a complete grid and 0 otherwise.
 */
export function zebraReward(text: string, gold: ZebraGrid, { exact = false }: { exact?: boolean } = {}): number {
  const answer = lastTagContent(text, 'answer', false);
  const rows = answer === null ? null : readRows(answer.trim());
  const total = gold.rows.length * gold.header.length;
  if (rows === null || total === 0) return 0;
  let right = 0;
  for (const [index, goldRow] of gold.rows.entries()) {
    const row = rows[index];
    if (row?.kind !== 'list' && row?.kind !== 'tuple') return 0;
    for (let column = 0; column < gold.header.length; column += 1) {
      const cell = row.items[column];
      if (cell === undefined) return 0;
      if (cell.kind === 'string' && cell.value === goldRow[column]) right += 1;
    }
  }
  const score = right / total;
  return exact ? Math.floor(score) : score;
}

const MAX_ITEMS = 500;

/** Insertions, deletions and substitutions, one unit each, that turn one list into the other. */
export function editDistance(a: readonly string[], b: readonly string[]): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, item] of a.entries()) {
    const current = [row + 1];
    for (const [column, other] of b.entries()) {
      const replaced = (previous[column] ?? 0) + (item === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** Ordering puzzles: 1 iff the first bracketed list of the last single-line answer tag is the gold list, lower-cased. */
export function orderingReward(text: string, gold: readonly string[]): { score: 0 | 1; editDistance: number } {
  const answer = lastTagContent(text, 'answer', false) ?? '';
  const list = /\[([^\]]*)\]/.exec(answer)?.[1] ?? '';
  const items = (list.match(/[\p{L}\p{N}_ ]+/gu) ?? [])
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '')
    .slice(0, MAX_ITEMS);
  const isEqual = items.length === gold.length && items.every((item, index) => item === gold[index]);
  return { score: isEqual ? 1 : 0, editDistance: editDistance(items, gold.slice(0, MAX_ITEMS)) };
}

type NumberGrid = readonly (readonly number[])[];

function readGrid(text: string): NumberGrid {
  const answer = (lastTagContent(text, 'answer') ?? '').replaceAll('\n', '').replaceAll('...', '-1');
  const start = answer.indexOf('[[');
  const end = answer.indexOf(']]', start);
  const literal = start < 0 || end < 0 ? null : parsePythonLiteral(answer.slice(start, end + 2));
  const fallback: NumberGrid = [[0]];
  if (literal?.kind !== 'list') return fallback;
  const rows: number[][] = [];
  for (const row of literal.items) {
    if (row.kind !== 'list') return fallback;
    const cells = row.items.map((cell) => (cell.kind === 'number' ? cell.value : Number.NaN));
    if (cells.some((cell) => Number.isNaN(cell))) return fallback;
    rows.push(cells);
  }
  return rows;
}

function width(grid: NumberGrid): number {
  return grid.reduce((most, row) => Math.max(most, row.length), 0);
}

/**
 * ARC grids of the last answer tag. Both are padded with -1 to a common size; a pixel is right if equal and not -1. An
 * answer that cannot be read counts as [[0]], as in the release, and so earns reward where the gold grid is a single 0.
 */
export function arcReward(text: string, gold: NumberGrid): { score: 0 | 1; pixelAccuracy: number } {
  const grid = readGrid(text);
  const height = Math.max(grid.length, gold.length);
  const columns = Math.max(width(grid), width(gold));
  let right = 0;
  for (const [y, row] of gold.entries()) {
    for (const [x, pixel] of row.entries()) if (pixel !== -1 && grid[y]?.[x] === pixel) right += 1;
  }
  const total = height * columns;
  return { score: total > 0 && right === total ? 1 : 0, pixelAccuracy: total === 0 ? 0 : right / total };
}

function firstFence(text: string): string | null {
  const open = text.indexOf('```');
  const close = open < 0 ? -1 : text.indexOf('```', open + 3);
  return close < 0 ? null : text.slice(open + 3, close).replace(/^[A-Za-z]{0,20}\s*\n/, '');
}

/** Texts that are JSON objects or arrays are parsed, "true" and "false" in any case become booleans. */
function normalized(value: unknown, depth = 0): unknown {
  if (depth > 40) return value;
  if (typeof value === 'string') {
    const trimmed = value.trim();
    const lower = trimmed.toLowerCase();
    if (lower === 'true' || lower === 'false') return lower === 'true';
    const parsed = trimmed.startsWith('{') || trimmed.startsWith('[') ? parseJson(trimmed) : null;
    return parsed === null ? value : normalized(parsed.value, depth + 1);
  }
  if (Array.isArray(value)) return value.map((each) => normalized(each, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, normalized(each, depth + 1)]));
}

function payload(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const record = value as Readonly<Record<string, unknown>>;
  return 'output' in record ? record['output'] : 'input' in record ? record['input'] : value;
}

/** Code input and output: 1 iff the JSON of the response holds the gold value; gold is the text `"output": ...`. */
export function codeIoReward(text: string, gold: string): 0 | 1 {
  const body = firstFence(text) ?? text;
  const value = parseJson(body.trim())?.value ?? lastBraceObject(body);
  const expected = parseJson(`{${gold}}`) ?? parseJson(gold);
  if (value === null || value === undefined || expected === null) return 0;
  const [a, b] = [value, expected.value].map((each) => fromJson(normalized(payload(each))));
  return a !== undefined && b !== undefined && pythonEqual(a, b, (x, y) => x === y) ? 1 : 0;
}

/** Graph questions: the last answer tag must be a single word of letters, equal to gold without case. */
export function graphReward(text: string, gold: string): 0 | 1 {
  const answer = lastTagContent(text, 'answer', false)?.trim() ?? '';
  return /^[A-Za-z]+$/.test(answer) && answer.toLowerCase() === gold.trim().toLowerCase() ? 1 : 0;
}

function tokensMatch(a: string, b: string, tolerance: number): boolean {
  if (a === b) return true;
  const lower = [a.toLowerCase(), b.toLowerCase()];
  if (lower.every((word) => word === 'yes' || word === 'no')) return lower[0] === lower[1];
  const isNumeric = (word: string): boolean => /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(word);
  return isNumeric(a) && isNumeric(b) && Math.abs(Number(a) - Number(b)) <= tolerance;
}

/** Printed output: equal, or line by line and token by token equal up to case of yes and no and a tolerance. */
export function stdoutMatch(actual: string, expected: string, tolerance = 1e-6): boolean {
  const [a, b] = [actual, expected].map((text) => text.trim().replaceAll('\r\n', '\n'));
  if (a === undefined || b === undefined || a === b) return true;
  const [linesA, linesB] = [a.split('\n'), b.split('\n')];
  if (linesA.length !== linesB.length) return false;
  return linesA.every((line, index) => {
    const tokens = line.trim().split(/\s+/);
    const others = (linesB[index] ?? '').trim().split(/\s+/);
    return (
      tokens.length === others.length && tokens.every((token, at) => tokensMatch(token, others[at] ?? '', tolerance))
    );
  });
}

/**
 * Which items two models leave for training: an item is dropped if the first file's pass rate is at most `lowThreshold`
 * or the second's at least `highThreshold`. An item that a file does not name is not judged by it.
 */
export function passRateFilter(
  low: Readonly<Record<string, number>>,
  high: Readonly<Record<string, number>>,
  { lowThreshold, highThreshold }: { readonly lowThreshold: number; readonly highThreshold: number },
): { dropped: string[]; kept: string[] } {
  const ids = [...new Set([...Object.keys(low), ...Object.keys(high)])].sort();
  const isDropped = (id: string): boolean =>
    (Object.hasOwn(low, id) && (low[id] ?? 1) <= lowThreshold) ||
    (Object.hasOwn(high, id) && (high[id] ?? 0) >= highThreshold);
  return { dropped: ids.filter(isDropped), kept: ids.filter((id) => !isDropped(id)) };
}

/** Indices of the questions that are no part of another, different question. */
export function substringDedup(questions: readonly string[]): number[] {
  return questions.flatMap((question, index) =>
    questions.some((other) => other !== question && other.includes(question)) ? [] : [index],
  );
}
