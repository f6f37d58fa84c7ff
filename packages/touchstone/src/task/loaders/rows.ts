import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { UserError } from '../../errors.js';

/** One row of a file, and where it stands: `data.jsonl:12` by line, `data.parquet row 12` by row, both from 1. */
export interface Row {
  readonly where: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

type Reader = (file: string) => AsyncIterable<Row>;

const readers: Readonly<Record<string, Reader>> = {
  '.jsonl': readJsonLines,
  '.ndjson': readJsonLines,
  '.parquet': readParquet,
};

/**
 * The rows of a `.jsonl`, `.ndjson` or `.parquet` file in order, read as they are asked for (Parquet as a whole). Blank
 * lines are passed over. Throws a UserError for a file that is missing, unreadable or malformed, naming the line.
 *
 * @param endings What the caller reads, these and others: named where the file has another ending.
 */
export async function* readRows(file: string, endings = Object.keys(readers)): AsyncGenerator<Row> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => error.code ?? String(error));
  if (typeof found === 'string' || !found.isFile()) {
    const got = typeof found === 'string' ? found : 'a folder';
    throw new UserError(`${file}: must be a readable file, got ${got}; check the path`);
  }
  const reader = readers[extname(file).toLowerCase()];
  if (reader === undefined) {
    throw new UserError(
      `${file}: must end in ${endings.join(', ')}, got ${extname(file) || 'no ending'}; write it in one of these forms`,
    );
  }
  yield* reader(file);
}

async function* readJsonLines(file: string): AsyncGenerator<Row> {
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity });
  let number = 0;
  for await (const line of lines) {
    number += 1;
    // A byte order mark is no part of the text.
    const text = number === 1 ? line.replace(/^\ufeff/, '') : line;
    if (text.trim() !== '') yield parseLine(text, `${file}:${number}`);
  }
}

function parseLine(line: string, where: string): Row {
  const shown = line.length > 60 ? `${line.slice(0, 57)}...` : line;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new UserError(
      `${where}: every line must be a JSON object, got text that is not JSON: ${shown}; mend the line`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(`${where}: every line must be a JSON object, got ${shown}; mend the line`);
  }
  return { where, fields: value as Readonly<Record<string, unknown>> };
}

async function* readParquet(file: string): AsyncGenerator<Row> {
  let rows: Record<string, unknown>[];
  try {
    rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
  } catch (error) {
    throw new UserError(`${file}: must be a Parquet file, got ${(error as Error).message}; write it anew`);
  }
  for (const [index, fields] of rows.entries()) yield { where: `${file} row ${index + 1}`, fields };
}
