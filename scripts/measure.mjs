/**
 * What runs behind walls, measured: `npm run measure -- <name> [--data <folder>] [--json] [options of that measure]`;
 * without a name, the list.
 *
 * A measure is a module in the folder of the same name. Its one function takes `{ data, log, ...options }` and resolves
 * to `{ ...figures, table }`: plain JSON, and a table in Markdown. Figures with `ok: false` end with exit code 1.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nearest } from '../packages/verify/dist/nearest.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const MEASURES = {
  humaneval: {
    summary: 'HumanEval in pyodide: solutions, empty bodies, mutants, programs a second',
    needs: join('humaneval', 'HumanEval.jsonl'),
    load: async () => (await import('./measure/humaneval.mjs')).measureHumanEval,
  },
  verilog: {
    summary: 'verilog-eval references against themselves renamed, rewritten and mutated',
    needs: join('verilog-eval', 'spec-to-rtl.jsonl'),
    load: async () => (await import('./measure/verilog.mjs')).measureVerilog,
  },
  sql: {
    summary: 'generated pairs of queries, equivalent and not, and a cross join that never ends',
    load: async () => (await import('./measure/sql.mjs')).measureSql,
  },
  loong: {
    summary: 'rationales of LoongBench, run and compared with the stored answers',
    needs: 'loong',
    load: async () => (await import('./measure/loong.mjs')).measureLoong,
  },
  escape: {
    summary: 'hostile programs against every wall',
    load: async () => (await import('./measure/escape.mjs')).measureEscape,
  },
  soak: {
    summary: 'memory and latency of the pools after many jobs, a third of them hostile',
    load: async () => (await import('./measure/soak.mjs')).measureSoak,
  },
};

const COUNTS = ['jobs', 'limit', 'workers', 'mutants', 'rewrites', 'seed'];
const TEXTS = ['data', 'progress', 'python'];
const FLAGS = ['json', ...COUNTS, ...TEXTS];

function list() {
  const names = Object.entries(MEASURES).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`);
  return [
    'Usage: npm run measure -- <name> [--data <folder>] [--json] [options]',
    ...names,
    'Options: --limit N (items), --workers N, --mutants N, --rewrites N, --jobs N (of soak), --seed N,',
    '  --progress <file> (to go on later), --python <interpreter> (for packages that pyodide lacks)',
  ].join('\n');
}

/** Wrong use, said in one line. */
class UsageError extends Error {}

function readArguments(argv) {
  const strings = [...COUNTS, ...TEXTS].map((name) => [name, { type: 'string' }]);
  const options = { ...Object.fromEntries(strings), json: { type: 'boolean' } };
  const { values, positionals } = parseArgs({ args: argv, options, strict: false, allowPositionals: true });
  for (const [flag, value] of Object.entries(values)) {
    if (!FLAGS.includes(flag)) throw new UsageError(`--${flag} is no option; did you mean --${nearest(flag, FLAGS)}?`);
    if (flag === 'json') continue;
    if (typeof value !== 'string' || value === '') throw new UsageError(`--${flag} needs a value, got none`);
    if (!COUNTS.includes(flag)) continue;
    if (!/^[1-9]\d{0,8}$/.test(value)) throw new UsageError(`--${flag} must be a whole number from 1, got ${value}`);
    values[flag] = Number(value);
  }
  const [name, extra] = positionals;
  if (extra !== undefined) throw new UsageError(`one measure at a time, got ${name} and ${extra}`);
  if (name !== undefined && !Object.hasOwn(MEASURES, name)) {
    throw new UsageError(`there is no measure ${name}; did you mean ${nearest(name, Object.keys(MEASURES))}?`);
  }
  return { name, ...values };
}

function dataFolder({ needs }, given) {
  const folder = resolve(given ?? join(process.env.TOUCHSTONE_SHARED ?? join(root, '..', 'shared'), 'data'));
  if (needs === undefined || existsSync(join(folder, needs))) return folder;
  throw new UsageError(`${join(folder, needs)} must exist, got nothing there; give --data <folder>`);
}

/** Lines on stderr, one a second at most. The last is what a Ctrl-C reports. */
function progressLog(name) {
  let last = null;
  let shownMs = -Infinity;
  process.once('SIGINT', () => {
    console.error(`\nmeasure ${name}: stopped ${last === null ? 'before the first result' : `after ${last}`}`);
    process.exit(130);
  });
  return (line) => {
    last = line;
    if (performance.now() - shownMs < 1000) return;
    shownMs = performance.now();
    console.error(line);
  };
}

async function main(argv) {
  const { name, json, data, ...options } = readArguments(argv);
  if (name === undefined) {
    console.error(list());
    return 2;
  }
  const folder = dataFolder(MEASURES[name], data);
  const log = progressLog(name);
  const measure = await MEASURES[name].load();
  // Idle sandboxes do not keep a process alive.
  const hold = setInterval(() => undefined, 60_000);
  try {
    const { table, ...figures } = await measure({ ...options, data: folder, log });
    console.log(json === true ? JSON.stringify(figures) : table);
    return figures.ok === false ? 1 : 0;
  } finally {
    clearInterval(hold);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError) && error?.name !== 'NativeWallError') throw error;
  console.error(`measure: ${error.message}`);
  process.exitCode = 2;
}
