import type { VerifierFixture } from '../fixtures.js';

const schema = `
  CREATE TABLE staff(id INTEGER PRIMARY KEY, name TEXT, team TEXT, pay REAL);`;
const fixtures = [
  "INSERT INTO staff VALUES (1, 'Ann', 'red', 30), (2, 'Bob', 'red', 20), (3, 'Cid', 'blue', 20), (4, 'Dot', NULL, NULL)",
  "INSERT INTO staff VALUES (7, 'Eve', 'blue', 5.5), (8, 'Fay', 'blue', 7), (9, 'Ann', 'red', 7)",
];

const pays = { schema, fixtures, query: 'SELECT team, SUM(pay) FROM staff WHERE team IS NOT NULL GROUP BY team' };
const sorted = { schema, fixtures, query: 'SELECT name, pay FROM staff WHERE pay > 6 ORDER BY pay DESC' };
const raise = { schema, fixtures, change: "UPDATE staff SET pay = pay + 1 WHERE team = 'red'" };
const counted = { schema, fixtures, expected: [{ rows: [[4]] }, { rows: [[3]] }] };

const block = (sql: string): string => `Here it is:\n\`\`\`sql\n${sql}\n\`\`\``;

/** Cases of the kind `sql`. */
export const sqlFixtures: readonly VerifierFixture[] = [
  { kind: 'full', response: block(pays.query), reference: pays },
  { kind: 'full', response: block(pays.query), reference: JSON.stringify(pays) },
  {
    kind: 'full',
    response: block("SELECT s.team, TOTAL(s.pay) FROM staff s WHERE s.team > '' GROUP BY 1 ORDER BY 2;"),
    reference: pays,
  },
  {
    kind: 'full',
    response: block('SELECT name, pay FROM staff WHERE pay >= 7 ORDER BY pay DESC, id'),
    reference: sorted,
  },
  { kind: 'full', response: '<answer>SELECT COUNT(*) FROM staff</answer>', reference: counted },
  {
    kind: 'full',
    response: block("BEGIN; UPDATE staff SET pay = pay + 1.0 WHERE team LIKE 'r%'; COMMIT"),
    reference: raise,
  },
  {
    kind: 'zero',
    response: block('SELECT team, SUM(pay) FROM staff GROUP BY team'),
    reference: pays,
    reason: 'other-rows',
  },
  { kind: 'zero', response: block('SELECT team FROM staff'), reference: pays, reason: 'other-columns' },
  {
    kind: 'zero',
    response: block('SELECT name, pay FROM staff WHERE pay > 6'),
    reference: sorted,
    reason: 'other-order',
  },
  { kind: 'zero', response: block('SELECT MAX(4) FROM staff'), reference: counted, reason: 'other-rows' },
  { kind: 'zero', response: block('UPDATE staff SET pay = pay + 1'), reference: raise, reason: 'other-rows' },
  { kind: 'zero', response: block("ATTACH 'other.db' AS other"), reference: pays, reason: 'forbidden' },
  { kind: 'malformed', response: 'I would sum the pay of each team.', reference: pays, reason: 'no-answer' },
  { kind: 'malformed', response: block('SELECT team FROM'), reference: pays, reason: 'sql-error' },
  { kind: 'malformed', response: block('SELECT 1; SELECT 2'), reference: pays, reason: 'several-statements' },
  { kind: 'malformed', response: block('SELECT 1'), reference: 'SELECT 1', reason: 'bad-reference' },
  { kind: 'malformed', response: block('SELECT 1'), reference: { query: 'SELECT nothing' }, reason: 'bad-reference' },
  { kind: 'malformed', response: block('SELECT 1'), reference: pays, options: { order: 'any' }, reason: 'bad-option' },
  { kind: 'malformed', response: block('SELECT 1'), reference: pays, options: { sise: 1 }, reason: 'unknown-option' },
];
