/**
 * Many jobs, a third of them hostile, over the walls of Python, JavaScript, SQL and SVG; then whether the walls are as
 * they were: the memory of their processes and the time of a fixed job.
 */
import { readFileSync } from 'node:fs';
import { QuickJsSandbox } from './javascript/index.js';
import { PyodideSandbox } from './python/sandbox.js';
import type { SandboxPoolState } from './sandbox/pool.js';
import type { Sandbox } from './sandbox/program.js';
import { makeSqlPool, type SqlJob } from './sql/index.js';
import { showRow } from './sql/table.js';
import { attemptSvg, makeSvgPool, svgEscapes } from './svg/index.js';

/** Milliseconds of an ordinary job: far more than it needs, so that only a wall that is broken misses it. */
const PATIENCE_MS = 60_000;

/** One process runs, another is warm. */
const SIZE = { workers: 1, spares: 1 };

interface HostileJob {
  readonly name: string;
  readonly text: string;
  /** The ways in which it may end when the wall holds. */
  readonly held: readonly string[];
}

interface SoakWall {
  readonly name: string;
  /** Text of an ordinary job, and how it ends. */
  readonly plain: (n: number) => { readonly text: string; readonly end: string };
  readonly hostile: readonly HostileJob[];
  /** How a job ends, in words. */
  readonly run: (text: string, wallMs: number) => Promise<string>;
  readonly pool: { readonly state: SandboxPoolState; warm(): Promise<void>; close(): Promise<void> };
}

/** The state of a wall with all its processes warm. */
export interface SoakState {
  /** MiB that its processes hold; 0 where the system does not say. */
  readonly residentMb: number;
  /** Median milliseconds of the fixed job. */
  readonly probeMs: number;
}

export interface SoakReport {
  readonly jobs: number;
  readonly hostile: number;
  /** Jobs that ended as they must not, in words. */
  readonly wrong: readonly string[];
  readonly walls: readonly {
    readonly name: string;
    readonly jobs: number;
    readonly hostile: number;
    /** Processes that were replaced. */
    readonly replaced: number;
    readonly before: SoakState;
    readonly after: SoakState;
    /** New processes, looked at in turns with those of `after`, so that both see the machine equally busy. */
    readonly fresh: SoakState;
  }[];
}

export interface SoakOptions {
  /** How many; every third is hostile, the walls take turns. */
  readonly jobs: number;
  /** Milliseconds after which a hostile job is killed; default 300. */
  readonly hostileMs?: number;
  /** Runs of the fixed job, before and after, of which the median is taken; default 15. */
  readonly probes?: number;
  /** Called after each job. */
  readonly progress?: (done: number) => void;
}

/** Runs the jobs, four at a time. Rejects with a `RangeError` for a count that is no whole number from 1. */
export async function soak({ jobs, hostileMs = 300, probes = 15, progress }: SoakOptions): Promise<SoakReport> {
  if (!Number.isSafeInteger(jobs) || jobs < 1) {
    throw new RangeError(`soak: jobs must be a whole number from 1, got ${jobs}; give one`);
  }
  const walls = makeWalls();
  const fresh = makeWalls();
  try {
    const before = await statesOf(walls, probes);
    const wrong: string[] = [];
    let next = 0;
    let done = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < jobs; index = next++) {
        wrong.push(...(await runJob(walls, index, hostileMs)));
        progress?.(++done);
      }
    };
    await Promise.all(walls.map(worker));
    const after = await statesOf([...walls, ...fresh], probes);
    const indices = Array.from({ length: jobs }, (_, index) => index);
    const counted = walls.map(({ name, pool }, at) => {
      const own = indices.filter((index) => wallOf(index, walls.length) === at);
      const hostile = own.filter(isHostile).length;
      const [start, end, control] = [before[at], after[at], after[at + walls.length]] as [
        SoakState,
        SoakState,
        SoakState,
      ];
      return {
        name,
        jobs: own.length,
        hostile,
        replaced: pool.state.replaced,
        before: start,
        after: end,
        fresh: control,
      };
    });
    return { jobs, hostile: indices.filter(isHostile).length, wrong, walls: counted };
  } finally {
    await Promise.all([...walls, ...fresh].map(({ pool }) => pool.close()));
  }
}

const makeWalls = (): SoakWall[] => [pythonWall(), javascriptWall(), sqlWall(), svgWall()];

const isHostile = (index: number): boolean => index % 3 === 2;
const wallOf = (index: number, walls: number): number => Math.floor(index / 3) % walls;

/** What was wrong with the job's end: nothing, or one line. */
async function runJob(walls: readonly SoakWall[], index: number, hostileMs: number): Promise<string[]> {
  const wall = walls[wallOf(index, walls.length)] as SoakWall;
  if (!isHostile(index)) {
    const { text, end } = wall.plain(index);
    const seen = await wall.run(text, PATIENCE_MS);
    return seen === end ? [] : [`${wall.name}, ordinary job ${index}: ${seen} in place of ${end}`];
  }
  const turn = Math.floor(index / (3 * walls.length));
  const job = wall.hostile[turn % wall.hostile.length] as HostileJob;
  const seen = await wall.run(job.text, hostileMs);
  return job.held.some((each) => seen.startsWith(each)) ? [] : [`${wall.name}, ${job.name}: ${seen}`];
}

/** The walls take turns with the fixed job. */
async function statesOf(walls: readonly SoakWall[], probes: number): Promise<SoakState[]> {
  for (const { pool } of walls) await pool.warm();
  const times = walls.map((): number[] => []);
  for (let i = 0; i < probes; i++) {
    for (const [at, { plain, run }] of walls.entries()) {
      const started = performance.now();
      await run(plain(0).text, PATIENCE_MS);
      times[at]?.push(performance.now() - started);
    }
  }
  return walls.map(({ pool }, at) => ({
    residentMb: pool.state.pids.reduce((sum, pid) => sum + residentOf(pid), 0),
    probeMs: times[at]?.sort((a, b) => a - b)[probes >> 1] ?? NaN,
  }));
}

function residentOf(pid: number): number {
  try {
    const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    return Number(kib) / 1024;
  } catch {
    return 0;
  }
}

/** A sandbox of programs; `end` of a program is its outcome and what it printed. */
function programs(sandbox: Sandbox, language: 'python' | 'javascript'): SoakWall['run'] {
  return async (source, wallMs) => {
    const limits = { wallMs, memoryMb: 128, outputBytes: 1 << 14 };
    const { outcome, stdout } = await sandbox.run({ language, files: { main: source }, limits });
    return `${outcome} ${stdout.slice(0, 80)}`.trim();
  };
}

const killed = ['timeout', 'memory', 'error', 'crashed'];

function pythonWall(): SoakWall {
  const pool = new PyodideSandbox(SIZE);
  return {
    name: 'Python',
    plain: (n) => ({ text: `print(sum(range(${n} + 1)))`, end: `ok ${(n * (n + 1)) / 2}` }),
    hostile: [
      { name: 'endless loop', text: 'while True: pass', held: ['timeout'] },
      { name: 'memory bomb', text: 'x = []\nwhile True: x.append(bytearray(10 ** 7))', held: killed },
      { name: 'output flood', text: 'while True: print("x" * 10000)', held: ['timeout'] },
      {
        name: 'crash',
        text: 'def f(): pass\nf.__code__ = f.__code__.replace(co_code=bytes([0x83, 0xff] * 64), co_stacksize=1)\nf()',
        held: ['ok', ...killed],
      },
    ],
    run: programs(pool, 'python'),
    pool,
  };
}

function javascriptWall(): SoakWall {
  const pool = new QuickJsSandbox(SIZE);
  return {
    name: 'JavaScript',
    plain: (n) => ({ text: `console.log(${n} * 3 + 1)`, end: `ok ${n * 3 + 1}` }),
    hostile: [
      { name: 'endless loop', text: 'for (;;) {}', held: ['timeout'] },
      { name: 'memory bomb', text: 'const a = []; for (;;) a.push(new Array(1e5).fill(a.length))', held: killed },
      { name: 'output flood', text: "for (;;) console.log('x'.repeat(1000))", held: ['timeout'] },
      { name: 'recursion', text: 'const f = () => [1].map(f); f()', held: killed },
    ],
    run: programs(pool, 'javascript'),
    pool,
  };
}

function sqlWall(): SoakWall {
  const pool = makeSqlPool(SIZE);
  const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)';
  return {
    name: 'SQL',
    plain: (n) => ({ text: `SELECT i + ${n} FROM two ORDER BY 1`, end: `tables (${n + 1}) (${n + 2})` }),
    hostile: [
      { name: 'endless loop', text: `${endless} SELECT COUNT(*) FROM n`, held: ['timeout', 'memory'] },
      { name: 'memory bomb', text: 'SELECT HEX(ZEROBLOB(900000000))', held: killed },
      { name: 'output flood', text: `${endless} SELECT ZEROBLOB(1000000) FROM n`, held: ['too-large', ...killed] },
      { name: 'depth', text: `SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}`, held: killed },
    ],
    run: async (sql, wallMs) => {
      const setups = ['CREATE TABLE two(i INTEGER); INSERT INTO two VALUES (1), (2)'];
      const job: SqlJob = { setups, sql, mode: 'query', checks: null, maxRows: 2000 };
      const report = await pool.run(job, { wallMs, memoryMb: 128 });
      if (report.ended !== 'finished') return report.ended;
      const last = report.value.kind === 'ran' ? report.value.runs.at(-1) : undefined;
      if (last?.kind !== 'tables') return last?.kind ?? report.value.kind;
      return `tables ${last.tables.flatMap(({ rows }) => rows.map(showRow)).join(' ')}`;
    },
    pool,
  };
}

function svgWall(): SoakWall {
  const pool = makeSvgPool(SIZE);
  const costly = svgEscapes.filter(({ name }) => /turbulence|a hundred times|laughs of use|tiny tiles/.test(name));
  return {
    name: 'SVG',
    plain: (n) => ({
      text: `<svg viewBox="0 0 64 64">${'<circle cx="32" cy="32" r="9"/>'.repeat(1 + (n % 5))}</svg>`,
      end: `drawn ${2 + (n % 5)} elements`,
    }),
    hostile: costly.map(({ name, svg, held }) => ({ name, text: svg, held: [...held, 'timeout'] })),
    run: async (svg, wallMs) => {
      const { ended, detail } = await attemptSvg({ name: 'soak', svg, held: [] }, pool, wallMs);
      return ended === 'drawn' ? `${ended} ${detail}` : ended;
    },
    pool,
  };
}
