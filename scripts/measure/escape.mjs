/** Every attempt to get out of every wall, and what became of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  attemptPython,
  attemptScript,
  nativeEscapes,
  NativePythonSandbox,
  nativePythonStatus,
  pythonEscapes,
  PyodideSandbox,
  QuickJsSandbox,
  scriptEscapes,
} from '@touchstone/verify/code';
import { attemptSql, makeSqlPool, sqlEscapes } from '@touchstone/verify/sql';
import { attemptSvg, makeSvgPool, svgEscapes } from '@touchstone/verify/svg';
import { attemptVerilog, verilogEscapes, verilogPool } from '@touchstone/verify/verilog';

/** One process runs, another is warm: most attempts cost the process they ran in. */
const SIZE = { workers: 1, spares: 1 };
/** Milliseconds for a proof; some attempts take all that there is. */
const PROOF_MS = 8000;

const WALLS = {
  'Python (pyodide)': () => pythonWall(new PyodideSandbox(SIZE), pythonEscapes),
  'Python (native, bubblewrap)': nativeWall,
  JavaScript: javascriptWall,
  SQL: sqlWall,
  SVG: svgWall,
  Verilog: verilogWall,
};

/**
 * A wall is `{ attempts, attempt, plain, close }`: `attempt` resolves to `{ held, seen }`, and `plain` to whether an
 * ordinary job is still answered. A wall that answers nothing has held against nothing.
 */
function pythonWall(sandbox, attempts) {
  return {
    attempts,
    attempt: (escape) => attemptPython(escape, sandbox),
    plain: () => answers(sandbox, 'python', 'print(6 * 7)'),
    close: () => sandbox.close(),
  };
}

async function answers(sandbox, language, source) {
  const { outcome, stdout } = await sandbox.run({ language, files: { main: source }, limits: { wallMs: 20_000 } });
  return outcome === 'ok' && stdout === '42\n';
}

/** With a file, a server, a socket and a variable of this process to reach for. */
async function nativeWall() {
  const { works, detail } = await nativePythonStatus();
  if (!works) return { absent: detail };
  const folder = await mkdtemp(join(tmpdir(), 'touchstone-escape-'));
  const file = join(folder, 'secret');
  const socket = `touchstone-escape-${process.pid}`;
  await writeFile(file, 'secret');
  const web = await listening(0, '127.0.0.1');
  const local = await listening(`\0${socket}`);
  const variable = 'TOUCHSTONE_ESCAPE';
  process.env[variable] = 'secret';
  const bait = { file, port: web.address().port, socket, pid: process.pid, variable };
  const wall = pythonWall(await NativePythonSandbox.open(SIZE), nativeEscapes(bait));
  const close = async () => {
    await wall.close();
    web.close();
    local.close();
    await rm(folder, { recursive: true });
  };
  return { ...wall, close };
}

function listening(...address) {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(...address, () => resolve(server));
  });
}

function javascriptWall() {
  const sandbox = new QuickJsSandbox(SIZE);
  return {
    attempts: scriptEscapes,
    attempt: async (escape) => {
      const { ended, escaped, detail } = await attemptScript(escape, sandbox, 2000);
      return { held: !escaped && escape.held.includes(ended), seen: `${ended} ${detail}` };
    },
    plain: () => answers(sandbox, 'javascript', 'console.log(6 * 7)'),
    close: () => sandbox.close(),
  };
}

function sqlWall() {
  const pool = makeSqlPool(SIZE);
  return {
    attempts: sqlEscapes,
    attempt: (escape) => attemptSql(escape, pool, 2000).then(endedAs(escape.held)),
    plain: async () => (await attemptSql({ sql: 'SELECT COUNT(*) FROM hundred' }, pool, 20_000)).ended === 'tables',
    close: () => pool.close(),
  };
}

function svgWall() {
  const pool = makeSvgPool(SIZE);
  const circle = { svg: '<svg viewBox="0 0 2 2"><circle cx="1" cy="1" r="1"/></svg>' };
  return {
    attempts: svgEscapes,
    attempt: (escape) => attemptSvg(escape, pool).then(endedAs(escape.held)),
    plain: async () => (await attemptSvg(circle, pool, 20_000)).ended === 'drawn',
    close: () => pool.close(),
  };
}

/** Here what gets through would be judged equal to a reference that it does not behave like. */
function verilogWall() {
  const pool = verilogPool(1);
  const and = { response: 'module top(input a, b, output y); assign y = b & a; endmodule' };
  return {
    attempts: verilogEscapes,
    attempt: async (escape) => {
      const { ended, detail } = await attemptVerilog(escape, pool, PROOF_MS);
      return { held: ended !== 'equal', seen: `${ended} ${detail}` };
    },
    plain: async () => (await attemptVerilog(and, pool, 60_000)).ended === 'equal',
    close: () => pool.close(),
  };
}

function endedAs(held) {
  return ({ ended, detail }) => ({ held: held.includes(ended), seen: `${ended} ${detail}` });
}

async function tryWall(name, open, log) {
  const wall = await open();
  if (wall.absent !== undefined) return { wall: name, absent: wall.absent, rows: [], answered: true, seconds: 0 };
  const started = performance.now();
  const rows = [];
  let answered = await wall.plain();
  for (const escape of wall.attempts) {
    const { held, seen } = await wall.attempt(escape);
    rows.push({ wall: name, name: escape.name, held, seen: seen.replaceAll(/\s+/g, ' ').trim().slice(0, 120) });
    log(`${name}: ${rows.length} of ${wall.attempts.length} attempts`);
  }
  answered &&= await wall.plain();
  await wall.close();
  return { wall: name, rows, answered, seconds: (performance.now() - started) / 1000 };
}

export async function measureEscape({ log }) {
  const walls = [];
  for (const [name, open] of Object.entries(WALLS)) walls.push(await tryWall(name, open, log));
  const rows = walls.flatMap((each) => each.rows);
  const held = rows.filter((row) => row.held).length;
  const ok = held === rows.length && walls.every((each) => each.answered);
  return { attempts: rows.length, held, ok, walls, table: tableOf(walls) };
}

function tableOf(walls) {
  const lines = walls.map(({ wall, absent, rows, answered, seconds }) => {
    if (absent !== undefined) return `| ${wall} | not tried: ${absent} | | | | |`;
    const held = rows.filter((row) => row.held).length;
    const plain = answered ? 'answered' : 'NOT ANSWERED';
    return `| ${wall} | ${rows.length} | ${held} | ${rows.length - held} | ${plain} | ${seconds.toFixed(0)} |`;
  });
  const escaped = walls.flatMap((each) => each.rows.filter((row) => !row.held));
  return [
    '| wall | attempts | held | escaped | ordinary jobs before and after | seconds |',
    '| --- | ---: | ---: | ---: | --- | ---: |',
    ...lines,
    ...escaped.map(({ wall, name, seen }) => `ESCAPED: ${wall}, ${name}: ${seen}`),
  ].join('\n');
}
