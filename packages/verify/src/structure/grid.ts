/** @file Grids and tables in model text: ARC grids, Markdown and delimited tables, zebra puzzles. */
import { lastCommand, tagContent } from '../format/tags.js';
import { normalizeAnswer } from '../text/normalize.js';
import { correct, incorrect, partial, unscorable, type Verdict } from '../verdict.js';
import { extractJson, isRecord } from './json.js';

/** Cells by row; rows may differ in length. */
export type Grid = readonly (readonly string[])[];

/** Most cells that are compared. */
const mostCells = 20_000;

/** Only this much from the end of a response is searched: answers stand there. */
const windowLength = 20_000;

/** The part of a response that holds its answer: the last answer tag or box, else its end. */
function answerText(response: string): string {
  const end = response.slice(-windowLength);
  return tagContent(end, 'answer') ?? lastCommand(end, 'boxed') ?? end;
}

function toGrid(value: unknown): Grid | null {
  if (!Array.isArray(value) || value.length === 0 || !value.every(Array.isArray)) return null;
  const rows = (value as unknown[][]).map((row) =>
    row.map((cell) => (typeof cell === 'string' ? cell : (JSON.stringify(cell) ?? ''))),
  );
  return rows.reduce((sum, row) => sum + row.length, 0) <= mostCells ? rows : null;
}

function isRule(cells: readonly string[]): boolean {
  return cells.every((cell) => /^:?-+:?$/.test(cell));
}

/** Cells of one line: between pipes, commas, tabs or blanks; a line of single digits without blanks is one cell each. */
function splitLine(line: string): string[] {
  const body = line.trim();
  if (body.includes('|'))
    return body
      .replace(/^\||\|$/g, '')
      .split('|')
      .map((cell) => cell.trim());
  if (body.includes(',')) return body.split(',').map((cell) => cell.trim());
  if (body.includes('\t')) return body.split('\t').map((cell) => cell.trim());
  if (/^\d+$/.test(body)) return [...body];
  return body.split(/\s+/);
}

/** The last block of two or more neighbouring lines that split into the same number of cells, at least two each. */
function lastBlock(text: string): Grid | null {
  const rows = text.split('\n').map((line) => (line.trim() === '' ? [] : splitLine(line)));
  let best: Grid | null = null;
  let start = 0;
  for (let end = 1; end <= rows.length; end++) {
    if (end < rows.length && rows[end]!.length === rows[start]!.length) continue;
    if (end - start >= 2 && rows[start]!.length >= 2) best = rows.slice(start, end).filter((row) => !isRule(row));
    start = end;
  }
  return best;
}

/**
 * The grid a response ends on: JSON rows (alone, fenced or in running text), else the last block of lines that look like
 * a table. An answer tag or box narrows the search. Null when there is none.
 */
export function extractGrid(response: string): Grid | null {
  const text = answerText(response);
  return toGrid(extractJson(text)?.value) ?? lastBlock(text);
}

function compareCells(left: string, right: string): boolean {
  return left === right || normalizeAnswer(left) === normalizeAnswer(right);
}

/**
 * Judges a grid cell by cell. The reference is a list of rows. `correct` needs the same shape and every cell; with
 * `options.partial: true` a grid of the right shape scores its share of right cells (otherwise 0, as ARC does).
 */
export function verifyGrid(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
): Verdict {
  const wanted = toGrid(reference);
  if (wanted === null)
    return unscorable('bad-reference', { feedback: 'the reference must be a list of rows of cells' });
  const grid = extractGrid(response);
  if (grid === null) return incorrect('no-answer');
  const extracted = grid.map((row) => row.join(' ')).join('\n');
  const sameShape = grid.length === wanted.length && grid.every((row, index) => row.length === wanted[index]!.length);
  if (!sameShape) return incorrect('different-shape', { extracted });
  const cells = wanted.flatMap((row, y) => row.map((cell, x) => compareCells(grid[y]![x]!, cell)));
  const share = cells.filter(Boolean).length / cells.length;
  const detail = { extracted, parts: { cells: share } };
  if (share === 1) return correct('equal', detail);
  return options['partial'] === true ? partial(share, 'different', detail) : incorrect('different', detail);
}

/** Rows by their first cell, columns by the header; both in comparison form. */
function lookup(grid: Grid): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const [header = [], ...rows] = grid;
  const names = header.map(normalizeAnswer);
  return new Map(
    rows.map((row) => [
      normalizeAnswer(row[0] ?? ''),
      new Map(row.map((cell, index) => [names[index] ?? '', normalizeAnswer(cell)])),
    ]),
  );
}

/** Named cells of a response: an object of objects in JSON, or a table whose first row and column are names. */
function extractTable(response: string): ReadonlyMap<string, ReadonlyMap<string, string>> | null {
  const text = answerText(response);
  const json = extractJson(text)?.value;
  const named = json === undefined ? null : readNamed(json);
  if (named !== null) return named;
  const grid = toGrid(json) ?? lastBlock(text);
  return grid === null ? null : lookup(grid);
}

function readNamed(value: unknown): ReadonlyMap<string, ReadonlyMap<string, string>> | null {
  if (!isRecord(value)) return null;
  const rows = Object.entries(value);
  if (rows.length === 0 || !rows.every(([, row]) => isRecord(row))) return null;
  const comparable = (cell: unknown): string =>
    normalizeAnswer(typeof cell === 'string' ? cell : (JSON.stringify(cell) ?? ''));
  return new Map(
    rows.map(([name, row]) => [
      normalizeAnswer(name),
      new Map(Object.entries(row as object).map(([column, cell]) => [normalizeAnswer(column), comparable(cell)])),
    ]),
  );
}

/**
 * Judges a table by names, as zebra puzzles are: the reference is `{ row: { column: cell } }`, the response JSON of that
 * form or a table with a header row and a first column of row names. The score is the share of the reference's cells.
 */
export function verifyTable(response: string, reference: unknown): Verdict {
  const wanted = readNamed(reference);
  if (wanted === null)
    return unscorable('bad-reference', { feedback: 'the reference must be { row: { column: cell } }' });
  const table = extractTable(response);
  if (table === null) return incorrect('no-answer');
  const cells = [...wanted].flatMap(([row, columns]) =>
    [...columns].map(([column, cell]) => table.get(row)?.get(column) === cell),
  );
  if (cells.length === 0) return unscorable('bad-reference', { feedback: 'the reference has no cells' });
  const share = cells.filter(Boolean).length / cells.length;
  return share === 1
    ? correct('equal')
    : partial(share, share === 0 ? 'different' : 'incomplete', { parts: { cells: share } });
}
