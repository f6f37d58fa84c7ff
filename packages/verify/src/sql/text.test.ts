import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { modeOf, refuse, type SqlMode } from './gate.js';
import { rowOrder } from './order.js';
import { statements, tokenize } from './tokens.js';
import { extractSql } from './verify-sql.js';

describe('tokens', () => {
  test('quotes and comments hide what is in them', () => {
    const sql = `SELECT 'a;''b', "c;d", [e;f], \`g;h\` -- ; x\n /* ; */ FROM t; SELECT 2`;
    expect(statements(tokenize(sql)).map((each) => each.map(({ text }) => text))).toEqual([
      ['SELECT', "'a;''b'", ',', 'c;d', ',', 'e;f', ',', 'g;h', 'FROM', 't'],
      ['SELECT', '2'],
    ]);
  });

  test('depth counts the parentheses around a token', () => {
    expect(tokenize('a (b (c)) d').map(({ text, depth }) => `${text}${depth}`)).toEqual([
      'a0',
      '(0',
      'b1',
      '(1',
      'c2',
      ')1',
      ')0',
      'd0',
    ]);
  });

  test('any text is read to its end, in linear time', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void statements(tokenize(text))));
    for (const unit of ["'", '"', '/*', '--', '(', '1e', 'x', ' ']) {
      const startedMs = performance.now();
      tokenize(unit.repeat(400_000));
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    }
  });
});

describe('the gate', () => {
  const cases: readonly (readonly [string, SqlMode, string | undefined])[] = [
    ['SELECT 1', 'query', undefined],
    [' -- note\n(SELECT 1)', 'query', 'forbidden'],
    ['select pragma, attach from t;', 'query', undefined],
    ["SELECT 'ATTACH'; -- done", 'query', undefined],
    ['SELECT 1; SELECT 2', 'query', 'several-statements'],
    ['  ;; -- nothing', 'query', 'empty'],
    ['DELETE FROM t', 'query', 'forbidden'],
    ['DELETE FROM t; INSERT INTO t VALUES (1)', 'data', undefined],
    ['DROP TABLE t', 'data', 'forbidden'],
    ['DROP TABLE t', 'schema', undefined],
    ['PRAGMA user_version', 'schema', 'forbidden'],
    ['SELECT load_extension(1)', 'schema', 'forbidden'],
    ['SELECT load_extension FROM t', 'query', undefined],
    [`SELECT '${'x'.repeat(100_000)}'`, 'query', 'too-long'],
  ];

  test.each(cases)('%s as %s', (sql, mode, code) => {
    expect(refuse(sql, mode)?.code).toBe(code);
  });

  test('the mode of a change is that of its statements', () => {
    expect(modeOf('UPDATE t SET a = 1')).toBe('data');
    expect(modeOf('UPDATE t SET a = 1; create index i on t(a)')).toBe('schema');
  });
});

describe('the order that a query asks for', () => {
  test.each<[string, readonly string[], number[] | null | 'bag']>([
    ['SELECT a FROM t', ['a'], 'bag'],
    ['SELECT a FROM (SELECT a FROM t ORDER BY a)', ['a'], 'bag'],
    ['SELECT a, RANK() OVER (ORDER BY b) FROM t', ['a', 'r'], 'bag'],
    ['SELECT a, b FROM t ORDER BY b DESC, 1', ['a', 'b'], [1, 0]],
    ['SELECT a, COUNT(*) AS n FROM t GROUP BY a ORDER BY count( * ) DESC LIMIT 3', ['a', 'n'], [1]],
    ['SELECT t.a, u.a AS other FROM t, u ORDER BY u.a', ['a', 'other'], [1]],
    ['SELECT a FROM t ORDER BY b', ['a'], null],
    ['SELECT a FROM t ORDER BY a COLLATE NOCASE', ['a'], [0]],
    ['SELECT * FROM t ORDER BY b', ['a', 'b'], [1]],
    ['WITH x AS (SELECT a FROM t ORDER BY a) SELECT a FROM x UNION SELECT 1 ORDER BY 1', ['a'], [0]],
    ['SELECT a FROM t ORDER BY 2 - 1', ['a'], null],
  ])('%s', (sql, columns, keys) => {
    const order = rowOrder(sql, columns);
    expect(order.kind === 'bag' ? 'bag' : order.keys).toEqual(keys);
  });
});

describe('the SQL of a response', () => {
  test.each([
    ['```sql\nSELECT 1\n```\nor\n```sql\nSELECT 2\n```', 'SELECT 2'],
    ['<think>\n```sql\nSELECT 1\n```\n</think>\n```\nSELECT 3\n```', 'SELECT 3'],
    ['<think>x</think><answer>select 4</answer>', 'select 4'],
    ['-- total\nWITH x AS (SELECT 1) SELECT * FROM x', '-- total\nWITH x AS (SELECT 1) SELECT * FROM x'],
    ['Select the rows that matter and add them.', 'Select the rows that matter and add them.'],
    ['The answer is 5.', null],
    ['<think>SELECT 1', null],
    ['', null],
  ])('%j', (response, sql) => {
    expect(extractSql(response)).toBe(sql);
  });
});
