import { closeSync, openSync, writeSync } from 'node:fs';
import { UserError } from '../errors.js';
import type { JudgedRow } from './judge-rows.js';

/**
 * A JSONL file of rows with their verdicts. It grows line by line, so that what was judged outlives an early end, and
 * takes the place of an older file only with its first line.
 */
export class VerdictFile {
  private handle: number | undefined;

  constructor(private readonly path: string) {}

  /** Adds a row: its own fields and `verdict`. */
  write({ row, verdict }: JudgedRow): void {
    const line = JSON.stringify({ ...row.fields, verdict }, (_, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    );
    this.append(`${line}\n`);
  }

  /** After the last row: a file without rows is empty. */
  end(): void {
    this.append('');
  }

  close(): void {
    if (this.handle !== undefined) closeSync(this.handle);
    this.handle = undefined;
  }

  private append(text: string): void {
    try {
      this.handle ??= openSync(this.path, 'w');
      writeSync(this.handle, text);
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      throw new UserError(
        `touchstone: --out must be a file that can be written, got ${code} at ${this.path}; mend that`,
      );
    }
  }
}
