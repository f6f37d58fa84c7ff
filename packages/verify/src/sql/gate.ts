import { isWord, statements, tokenize } from './tokens.js';

/** What a text may do: read; also change rows; also change the schema. */
export type SqlMode = 'query' | 'data' | 'schema';

const reading = ['SELECT', 'WITH', 'VALUES'];
const changing = ['INSERT', 'UPDATE', 'DELETE', 'REPLACE'];
const transactions = ['BEGIN', 'COMMIT', 'END', 'ROLLBACK', 'SAVEPOINT', 'RELEASE'];
const defining = ['CREATE', 'ALTER', 'DROP'];

/** Words that a statement may begin with. ATTACH, DETACH, PRAGMA and VACUUM are in none of the lists. */
const allowed: { readonly [Mode in SqlMode]: ReadonlySet<string> } = {
  query: new Set(reading),
  data: new Set([...reading, ...changing, ...transactions]),
  schema: new Set([...reading, ...changing, ...transactions, ...defining]),
};

/** Functions by which some builds of SQLite reach files or native code. */
const forbiddenFunctions = new Set(['LOAD_EXTENSION', 'READFILE', 'WRITEFILE', 'EDIT', 'FTS3_TOKENIZER', 'LSMODE']);

const MAX_SQL_LENGTH = 100_000;

/** Why a text was refused: a literal code, and words. */
export interface Refusal {
  readonly code: 'empty' | 'too-long' | 'several-statements' | 'forbidden';
  readonly message: string;
}

/**
 * Refuses, before SQLite sees it (some pragmas act while they are parsed), a text that does more than its mode allows:
 * `query` is one reading statement; `data` and `schema` are scripts. Null when it may run.
 *
 * It decides by the first word of each statement, so a name such as `pragma` may stand anywhere else.
 */
export function refuse(sql: string, mode: SqlMode): Refusal | null {
  if (sql.length > MAX_SQL_LENGTH) {
    return { code: 'too-long', message: `at most ${MAX_SQL_LENGTH} characters, got ${sql.length}` };
  }
  // SQLite's text ends at a zero byte; what a reader sees behind it would not be what runs.
  if (sql.includes('\0')) return { code: 'forbidden', message: 'a zero character is not allowed' };
  const tokens = tokenize(sql);
  const all = statements(tokens);
  if (all.length === 0) return { code: 'empty', message: 'no statement' };
  if (mode === 'query' && all.length > 1) {
    return { code: 'several-statements', message: `one statement, got ${all.length}` };
  }
  for (const [first] of all) {
    const word = first?.text.toUpperCase() ?? '';
    if (first?.kind !== 'word' || !allowed[mode].has(word)) {
      const may = [...allowed[mode]].join(', ');
      return { code: 'forbidden', message: `a statement must begin with one of ${may}, got ${word.slice(0, 40)}` };
    }
  }
  const called = tokens.find(
    ({ kind, text }, index) =>
      (kind === 'word' || kind === 'quoted') &&
      forbiddenFunctions.has(text.toUpperCase()) &&
      tokens[index + 1]?.text === '(',
  );
  if (called !== undefined) return { code: 'forbidden', message: `the function ${called.text} is not allowed` };
  if (all.some((each) => isWord(each[0], 'CREATE') && isWord(each[1], 'VIRTUAL'))) {
    return { code: 'forbidden', message: 'CREATE VIRTUAL TABLE is not allowed' };
  }
  return null;
}

/** Whether a script changes the schema; what its tasks then allow a response to do, too. */
export function modeOf(script: string): Exclude<SqlMode, 'query'> {
  const words = statements(tokenize(script)).map(([first]) => first?.text.toUpperCase() ?? '');
  return words.some((word) => defining.includes(word)) ? 'schema' : 'data';
}
