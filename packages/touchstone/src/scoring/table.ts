import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { nearest } from '../config/nearest.js';
import { UserError } from '../errors.js';
import { readRows, type Row } from '../task/loaders/rows.js';

const ENDINGS = ['.json', '.jsonl', '.ndjson', '.parquet'];

/** All rows of a `.json` file (one array of objects), or of whatever `readRows` reads. */
export async function readTable(file: string): Promise<Row[]> {
  const rows = extname(file).toLowerCase() === '.json' ? await readArray(file) : await allRows(file);
  // Whatever is said of no rows would be true: a proof over none passes, a mean of none is none.
  if (rows.length === 0) throw new UserError(`${file}: must hold at least one row, got none; fill it`);
  return rows;
}

async function allRows(file: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readRows(file, ENDINGS)) rows.push(row);
  return rows;
}

async function readArray(file: string): Promise<Row[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${file}: must be a readable file, got ${error.code ?? String(error)}; check the path`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file}: must hold a JSON array of objects, got ${(error as Error).message}; mend the file`);
  }
  if (!Array.isArray(value)) {
    throw new UserError(`${file}: must hold a JSON array of objects, got ${typeof value}; use .jsonl for one a line`);
  }
  return value.map((fields: unknown, index) => {
    const where = `${file}[${index}]`;
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) {
      return { where, fields: fields as Row['fields'] };
    }
    throw new UserError(`${where}: must be an object, got ${JSON.stringify(fields)}; mend the row`);
  });
}

/** The value of a field that must be there. */
export function fieldOf(row: Row, name: string): unknown {
  if (Object.hasOwn(row.fields, name)) return plain(row.fields[name]);
  const known = Object.keys(row.fields);
  const meant = nearest(name, known);
  const hint = meant === undefined ? `it has ${known.join(', ') || 'no fields'}` : `did you mean ${meant}?`;
  throw new UserError(`${row.where}: must have a field ${name}, got none; ${hint}`);
}

/** The text of a field that must be there; numbers are written out. */
export function textOf(row: Row, name: string): string {
  const value = fieldOf(row, name);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new UserError(`${row.where}: field ${name} must be text, got ${JSON.stringify(value)}; mend the row`);
}

/** Parquet integers arrive as bigint, which JSON has no place for. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return Array.isArray(value) ? value.map(plain) : value;
}
