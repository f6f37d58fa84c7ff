/** @file Rows of delimiter-separated text, as Python's `csv` module reads them: never fails, blank lines are empty rows. */

/**
 * Fields by row. A field that starts with `"` runs to the closing quote, `""` inside it is one quote, and what follows
 * the closing quote is taken as it stands; quotes elsewhere are ordinary characters.
 */
export function parseDelimited(source: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < source.length) {
    const { field, end } = readField(source, at, delimiter);
    const lineBreak = source.charAt(end) !== delimiter;
    if (lineBreak && row.length === 0 && field === '' && end === at) rows.push([]);
    else row.push(field);
    at = end + 1;
    if (!lineBreak && at === source.length) row.push('');
    if (lineBreak) {
      if (row.length > 0) rows.push(row);
      row = [];
      if (source.charAt(end) === '\r' && source.charAt(at) === '\n') at++;
    }
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

/** The field that starts at `start`, and the index of the delimiter or line break after it. */
function readField(source: string, start: number, delimiter: string): { field: string; end: number } {
  let field = '';
  let at = start;
  if (source.charAt(at) === '"') {
    at++;
    for (;;) {
      const quote = source.indexOf('"', at);
      if (quote < 0) return { field: field + source.slice(at), end: source.length };
      field += source.slice(at, quote);
      at = quote + 1;
      if (source.charAt(at) !== '"') break;
      field += '"';
      at++;
    }
  }
  const from = at;
  while (
    at < source.length &&
    source.charAt(at) !== delimiter &&
    source.charAt(at) !== '\n' &&
    source.charAt(at) !== '\r'
  )
    at++;
  return { field: field + source.slice(from, at), end: at };
}
