/**
 * Verdicts of `verifySql` on generated pairs of queries whose truth is known by construction: rewrites that mean the same
 * in SQL, and mutants with a row in every fixture on which they differ. Schemas, names, values and the order of the rows
 * are drawn from a seed. Then a cross join that would never end.
 */
import { makeSqlPool, verifySql } from '@touchstone/verify/sql';

const PAIRS = 200;
const BOMB_MS = 1000;

/** Draws from a seed: mulberry32. */
function drawing(seed) {
  let state = seed | 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (least, most) => least + Math.floor(unit() * (most - least + 1));
  const pick = (items) => items[whole(0, items.length - 1)];
  const shuffle = (items) =>
    items
      .map((item) => [unit(), item])
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  return { whole, pick, shuffle };
}

const nouns = ['ship', 'crew', 'port', 'book', 'shop', 'bird', 'farm', 'song', 'lake', 'city', 'team', 'film'];
const words = ['red', 'blue', 'old', 'new', 'north', 'south', 'tall', 'wide'];

const text = (value) => (value === null ? 'NULL' : typeof value === 'string' ? `'${value}'` : String(value));
const insert = (table, rows) =>
  `INSERT INTO ${table} VALUES ${rows.map((row) => `(${row.map(text).join(', ')})`).join(', ')};`;

/**
 * A schema of two tables, names to use, and two fixtures. Table t (id, n, s, r, k): n whole or NULL, s a word or NULL, r a
 * real, k a key of u or NULL. Table u (id, w): w a word. Every fixture has the witnesses that mutants differ on:
 * n = K with s = V; s = W and n > K; n NULL with s = V; a repeated (n, s); fewer and exactly two rows of a rare word; k NULL.
 */
function world(draw) {
  const [t, u, ...rest] = draw.shuffle(nouns);
  const [id, n, s, r, k, w] = rest.map((name, index) => `${name}_${index}`);
  const [V, W, rare, ...others] = draw.shuffle(words);
  const K = draw.whole(3, 12);
  const schema = `CREATE TABLE ${u}(${id} INTEGER PRIMARY KEY, ${w} TEXT);
    CREATE TABLE ${t}(${id} INTEGER PRIMARY KEY, ${n} INTEGER, ${s} TEXT, ${r} REAL, ${k} INTEGER);`;
  const fixture = () => {
    const parents = [V, W, ...others].map((word, index) => [index + 1, word]);
    const real = () => draw.whole(1, 999) / 8 + 0.1;
    const witnesses = [
      [K, V, real(), 1],
      [K + 1, W, real(), 1],
      [K + 1, V, real(), 2],
      [null, V, real(), null],
      [K + 3, W, real(), 2],
      [K + 3, W, real(), 2],
      [K - 1, rare, real(), 1],
      [K + 4, rare, real(), 2],
      [K - 2, null, real(), null],
      [K + 2, others[0], real(), 3],
      [K + 2, others[0], real(), 3],
      [K - 3, others[0], real(), 3],
    ];
    const more = Array.from({ length: draw.whole(5, 30) }, () => [
      draw.pick([null, draw.whole(0, 20)]),
      draw.pick([null, V, W, ...others]),
      real(),
      draw.pick([null, draw.whole(1, parents.length - 1)]),
    ]);
    const rows = draw.shuffle([...witnesses, ...more]).map((row, index) => [index + 1, ...row]);
    return insert(u, parents) + insert(t, rows);
  };
  return { schema, fixtures: [fixture(), fixture()], t, u, id, n, s, r, k, w, V, W, rare, K };
}

/** A query, another that means the same, and one that does not: each by the names of a world. */
const families = [
  ({ t, id, n, K }) => [
    `SELECT ${id} FROM ${t} WHERE ${n} > ${K}`,
    `SELECT ${id} FROM ${t} WHERE NOT ${n} <= ${K}`,
    `SELECT ${id} FROM ${t} WHERE ${n} >= ${K}`,
  ],
  ({ t, id, n, s, K, V }) => [
    `SELECT ${id} FROM ${t} WHERE ${n} > ${K} AND ${s} = '${V}'`,
    `SELECT ${id} FROM ${t} WHERE NOT (${n} <= ${K} OR ${s} <> '${V}')`,
    `SELECT ${id} FROM ${t} WHERE ${n} > ${K} OR ${s} = '${V}'`,
  ],
  ({ t, id, s, V, W }) => [
    `SELECT ${id} FROM ${t} WHERE ${s} IN ('${V}', '${W}')`,
    `SELECT ${id} FROM ${t} WHERE ${s} = '${V}' UNION ALL SELECT ${id} FROM ${t} WHERE ${s} = '${W}'`,
    `SELECT ${id} FROM ${t} WHERE ${s} NOT IN ('${V}', '${W}')`,
  ],
  ({ t, n, s }) => [
    `SELECT ${s}, COUNT(*) FROM ${t} GROUP BY ${s}`,
    `SELECT DISTINCT ${s}, COUNT(*) OVER (PARTITION BY ${s}) FROM ${t}`,
    `SELECT ${s}, COUNT(${n}) FROM ${t} GROUP BY ${s}`,
  ],
  ({ t, n, s }) => [
    `SELECT DISTINCT ${n}, ${s} FROM ${t}`,
    `SELECT ${n}, ${s} FROM ${t} GROUP BY ${s}, ${n}`,
    `SELECT ${n}, ${s} FROM ${t}`,
  ],
  ({ t, u, id, k, w, V }) => [
    `SELECT a.${id} FROM ${t} a JOIN ${u} b ON a.${k} = b.${id} WHERE b.${w} = '${V}'`,
    `SELECT ${id} FROM ${t} WHERE ${k} IN (SELECT ${id} FROM ${u} WHERE ${w} = '${V}')`,
    `SELECT a.${id} FROM ${t} a LEFT JOIN ${u} b ON a.${k} = b.${id} AND b.${w} = '${V}'`,
  ],
  ({ t, id, r }) => [
    `SELECT ${id}, ${r} FROM ${t} ORDER BY ${r} DESC, ${id}`,
    `SELECT * FROM (SELECT ${id}, ${r} AS x FROM ${t}) ORDER BY -x, 1`,
    `SELECT ${id}, ${r} FROM ${t} ORDER BY ${r}, ${id}`,
  ],
  ({ t, id, n }) => [
    `SELECT ${id} FROM ${t} ORDER BY ${n} DESC, ${id} LIMIT 3`,
    `SELECT ${id} FROM (SELECT ${id}, ROW_NUMBER() OVER (ORDER BY ${n} DESC, ${id}) AS place FROM ${t}) WHERE place <= 3 ORDER BY place`,
    `SELECT ${id} FROM ${t} ORDER BY ${n} DESC, ${id} LIMIT 4`,
  ],
  ({ t, n }) => [
    `SELECT MAX(${n}) FROM ${t}`,
    `SELECT ${n} FROM ${t} ORDER BY ${n} DESC LIMIT 1`,
    `SELECT MIN(${n}) FROM ${t}`,
  ],
  ({ t, n, s }) => [
    `SELECT AVG(${n}) FROM ${t} WHERE ${s} IS NOT NULL`,
    `SELECT SUM(${n}) * 1.0 / COUNT(${n}) FROM ${t} WHERE ${s} NOT NULL`,
    `SELECT SUM(${n}) * 1.0 / COUNT(*) FROM ${t} WHERE ${s} IS NOT NULL`,
  ],
  ({ t, s }) => [
    `SELECT ${s} FROM ${t} WHERE ${s} IS NOT NULL GROUP BY ${s} HAVING COUNT(*) >= 2`,
    `SELECT ${s} FROM (SELECT ${s}, COUNT(*) AS c FROM ${t} GROUP BY ${s}) WHERE c > 1 AND ${s} IS NOT NULL`,
    `SELECT ${s} FROM ${t} WHERE ${s} IS NOT NULL GROUP BY ${s} HAVING COUNT(*) > 2`,
  ],
  ({ t, u, s, w }) => [
    `SELECT ${s} FROM ${t} UNION SELECT ${w} FROM ${u}`,
    `SELECT DISTINCT x FROM (SELECT ${w} AS x FROM ${u} UNION ALL SELECT ${s} FROM ${t})`,
    `SELECT ${s} FROM ${t} UNION ALL SELECT ${w} FROM ${u}`,
  ],
  ({ t, id, s }) => [
    `SELECT ${id}, COALESCE(${s}, 'none') FROM ${t}`,
    `SELECT ${id}, CASE WHEN ${s} IS NULL THEN 'none' ELSE ${s} END FROM ${t}`,
    `SELECT ${id}, ${s} FROM ${t}`,
  ],
  ({ t, id, n }) => [
    `SELECT ${id}, RANK() OVER (ORDER BY ${n}) FROM ${t} WHERE ${n} IS NOT NULL`,
    `SELECT ${id}, 1 + (SELECT COUNT(*) FROM ${t} o WHERE o.${n} < a.${n}) FROM ${t} a WHERE ${n} IS NOT NULL`,
    `SELECT ${id}, DENSE_RANK() OVER (ORDER BY ${n}) FROM ${t} WHERE ${n} IS NOT NULL`,
  ],
  ({ t, u, id, k }) => [
    `SELECT b.${id} FROM ${u} b WHERE NOT EXISTS (SELECT 1 FROM ${t} a WHERE a.${k} = b.${id})`,
    `SELECT b.${id} FROM ${u} b LEFT JOIN ${t} a ON a.${k} = b.${id} WHERE a.${id} IS NULL`,
    `SELECT b.${id} FROM ${u} b WHERE EXISTS (SELECT 1 FROM ${t} a WHERE a.${k} = b.${id})`,
  ],
  ({ t, id, n, r }) => [
    `SELECT ${id}, ${r} FROM ${t} WHERE ${n} IS NOT NULL`,
    `WITH x AS (SELECT * FROM ${t} WHERE ${n} = ${n}) SELECT ${id}, ${r} FROM x ORDER BY ${r}`,
    `SELECT ${r}, ${id} FROM ${t} WHERE ${n} IS NOT NULL`,
  ],
  ({ t, id, n, K }) => [
    `SELECT ${id} FROM ${t} WHERE ${n} BETWEEN ${K} AND ${K + 3}`,
    `SELECT ${id} FROM ${t} WHERE ${n} >= ${K} INTERSECT SELECT ${id} FROM ${t} WHERE ${n} <= ${K + 3}`,
    `SELECT ${id} FROM ${t} WHERE ${n} > ${K} AND ${n} < ${K + 3}`,
  ],
  ({ t, s, r }) => [
    `SELECT ${s}, SUM(${r} * 0.1) FROM ${t} GROUP BY ${s}`,
    `SELECT ${s}, SUM(${r}) / 10 FROM ${t} GROUP BY 1 ORDER BY 2 DESC`,
    `SELECT ${s}, ROUND(SUM(${r} * 0.1), 1) + 1e-6 FROM ${t} GROUP BY ${s}`,
  ],
];

function cases(seed) {
  return Array.from({ length: PAIRS / 2 }, (_, index) => {
    const own = world(drawing(seed + index));
    const [query, same, other] = families[index % families.length](own);
    const reference = { schema: own.schema, fixtures: own.fixtures, query };
    return [
      { family: index % families.length, equivalent: true, answer: same, reference },
      { family: index % families.length, equivalent: false, answer: other, reference },
    ];
  }).flat();
}

async function judgeBomb(pool) {
  const rows = insert(
    'many',
    Array.from({ length: 100 }, (_, index) => [index]),
  );
  const reference = { schema: 'CREATE TABLE many(x);', fixtures: [rows], query: 'SELECT COUNT(*) FROM many' };
  const crossed = Array.from({ length: 10 }, (_, index) => `many t${index}`).join(', ');
  const verdict = await verifySql(`SELECT COUNT(*) FROM ${crossed}`, reference, { wallMs: BOMB_MS }, { pool });
  return { outcome: verdict.outcome, limitMs: BOMB_MS, endedMs: Math.round(verdict.elapsedMs) };
}

/** @param options { seed?: whole number, default 1; workers?; log? } */
export async function measureSql(options = {}) {
  const pool = makeSqlPool({ workers: options.workers ?? 2 });
  const wrong = [];
  const times = [];
  let found;
  try {
    await pool.warm();
    const all = cases(options.seed ?? 1);
    for (const { family, equivalent, answer, reference } of all) {
      options.log?.(`${times.length} of ${all.length} pairs`);
      const verdict = await verifySql(answer, reference, {}, { pool });
      times.push(verdict.elapsedMs);
      const said = verdict.outcome === 'correct' ? true : verdict.outcome === 'incorrect' ? false : null;
      if (said !== equivalent)
        wrong.push({
          family,
          equivalent,
          answer,
          query: reference.query,
          reason: verdict.reason,
          feedback: verdict.feedback,
        });
    }
    times.sort((a, b) => a - b);
    const bomb = await judgeBomb(pool);
    found = {
      ok: wrong.length === 0 && bomb.outcome === 'timeout',
      pairs: all.length,
      equivalent: all.filter((each) => each.equivalent).length,
      wrongVerdicts: wrong.length,
      wrong,
      msMedian: times[Math.floor(times.length / 2)],
      msP95: times[Math.floor(times.length * 0.95)],
      bomb,
    };
  } finally {
    await pool.close();
  }
  return { ...found, table: table(found) };
}

function table({ pairs, equivalent, wrongVerdicts, msMedian, msP95, bomb }) {
  const rows = [
    ['generated pairs of queries', pairs],
    ['of them equivalent, not equivalent', `${equivalent}, ${pairs - equivalent}`],
    ['wrong verdicts', wrongVerdicts],
    ['milliseconds a verdict: median, 95 %', `${msMedian.toFixed(1)}, ${msP95.toFixed(1)}`],
    [`cross join of 100^10 rows, limit ${bomb.limitMs} ms`, `${bomb.outcome} after ${bomb.endedMs} ms`],
  ];
  return ['| SQL | |', '| --- | ---: |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}
