/**
 * HumanEval in the Python wall of WebAssembly: the canonical solutions, bodies that do nothing, mutants of the solutions;
 * programs a second when warm and the first result after a start, beside a native `python3` started for every program.
 *
 * `--limit N` takes that many problems, evenly spread; `--mutants N` is the most of each problem (default 5).
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PyodideSandbox, runSuite } from '@touchstone/verify/code';
import { pythonMutants } from '@touchstone/verify/testgen';
import { inFlight, spread } from './lists.mjs';

const LIMITS = { wallMs: 20_000, totalMs: 120_000 };
/** For mutants, some of which never end: what follows a first timeout is not worth its time. */
const MUTANT_LIMITS = { wallMs: 3000, totalMs: 6000 };
const SHORT_PROGRAMS = 400;
const SHORT = `def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(12))
`;

/** A problem as a suite: its prompt is trusted text that the tests may use, and the signature to complete. */
function suiteOf({ prompt, entry_point: name, test }) {
  return { function: name, prefix: prompt, setup: prompt, assertions: `${test}\ncheck(${name})\n` };
}

/** `passed`, or how the first test that did not pass ended. */
async function outcomeOf(sandbox, task, body, limits) {
  const results = await runSuite(body, suiteOf(task), { python: sandbox }, limits);
  return results.find(({ outcome }) => outcome !== 'passed')?.outcome ?? 'passed';
}

/** The problem as one program, as it would be given to an interpreter. */
function programOf({ prompt, canonical_solution: body, test, entry_point: name }) {
  return `${prompt}${body}\n${test}\ncheck(${name})\n`;
}

/** Milliseconds from nothing to the first result. */
async function coldStart(options) {
  const started = performance.now();
  const sandbox = new PyodideSandbox({ workers: 1, spares: 0, ...options });
  try {
    const { outcome, stderr } = await sandbox.run({ language: 'python', files: { 'main.py': 'print(1)' } });
    if (outcome !== 'ok') throw new Error(`measure humaneval: pyodide must start, got ${outcome}: ${stderr}`);
    const ms = performance.now() - started;
    await sandbox.imaged;
    return ms;
  } finally {
    await sandbox.close();
  }
}

/** Whole programs a second. */
async function rate(programs, atOnce, run) {
  const started = performance.now();
  await inFlight(programs, atOnce, run);
  return programs.length / ((performance.now() - started) / 1000);
}

/** Ends with whether the program succeeded in a `python3` of its own. */
function native(program) {
  return new Promise((resolve) => {
    const child = spawn('python3', ['-I', '-'], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0));
    child.stdin.on('error', () => undefined);
    child.stdin.end(program);
  });
}

async function judge(sandbox, tasks, { mutants, seed, workers, log }) {
  const all = (name, items, atOnce, run) => {
    let done = 0;
    return inFlight(items, atOnce, async (item) => {
      const result = await run(item);
      log(`${++done} of ${items.length} ${name}`);
      return result;
    });
  };
  const started = performance.now();
  const canonical = await all('canonical solutions', tasks, 4 * workers, (task) =>
    outcomeOf(sandbox, task, task.canonical_solution, LIMITS),
  );
  const seconds = (performance.now() - started) / 1000;
  const emptied = await all('empty bodies', tasks, 4 * workers, (task) =>
    outcomeOf(sandbox, task, '    pass\n', LIMITS),
  );
  const changed = tasks.flatMap((task, index) =>
    pythonMutants(task.canonical_solution, { count: mutants, seed: seed + index }).map((mutant) => ({
      task,
      ...mutant,
    })),
  );
  // None waits for a process: its time for all tests runs.
  const mutated = await all('mutants', changed, workers, ({ task, program }) =>
    outcomeOf(sandbox, task, program, MUTANT_LIMITS),
  );
  const share = (list, outcome) => list.filter((each) => each === outcome).length;
  const undecided = share(mutated, 'crashed') + share(mutated, 'not-run');
  return {
    problems: tasks.length,
    canonicalPassed: share(canonical, 'passed'),
    canonicalFailed: tasks.flatMap(({ task_id: id }, i) =>
      canonical[i] === 'passed' ? [] : [`${id}: ${canonical[i]}`],
    ),
    emptiedFailed: emptied.filter((outcome) => ['wrong', 'error'].includes(outcome)).length,
    emptiedNotFailed: tasks.flatMap(({ task_id: id }, i) =>
      ['wrong', 'error'].includes(emptied[i]) ? [] : [`${id}: ${emptied[i]}`],
    ),
    mutants: mutated.length,
    mutantsKilled: mutated.length - share(mutated, 'passed') - undecided,
    mutantsTimedOut: share(mutated, 'timeout'),
    mutantsUndecided: undecided,
    mutantsSurvived: changed.flatMap(({ task, change }, i) =>
      mutated[i] === 'passed' ? [`${task.task_id}: ${change}`] : [],
    ),
    verdictsPerSecond: tasks.length / seconds,
  };
}

/** Programs a second, warm, in the wall and with a fresh `python3` each; the latter null where there is none. */
async function speed(sandbox, tasks, { workers, log }) {
  const run = (program) => sandbox.run({ language: 'python', files: { 'main.py': program }, limits: LIMITS });
  const short = await rate(new Array(SHORT_PROGRAMS).fill(SHORT), 4 * workers, run);
  log('short programs');
  const programs = tasks.map(programOf);
  const own = await rate(programs, 4 * workers, run);
  log('problems as programs');
  if (!(await native(SHORT))) return { short, own, nativeShort: null, native: null };
  const nativeShort = await rate(new Array(SHORT_PROGRAMS / 4).fill(SHORT), workers, native);
  return { short, own, nativeShort, native: await rate(programs, workers, native) };
}

/** @param options { data: folder of data sets, limit?, workers?, mutants?, seed?, log } */
export async function measureHumanEval(options) {
  const { data, limit = Infinity, workers = 2, mutants = 5, seed = 1, log } = options;
  const lines = readFileSync(join(data, 'humaneval', 'HumanEval.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean);
  const tasks = spread(
    lines.map((line) => JSON.parse(line)),
    limit,
  );
  const firstMsWithoutImage = await coldStart({ image: null });
  // Makes the image, should there be none.
  await coldStart({});
  const firstMs = await coldStart({});
  log('cold starts');
  const sandbox = new PyodideSandbox({ workers });
  try {
    await sandbox.warm();
    const judged = await judge(sandbox, tasks, { mutants, seed, workers, log });
    const rates = await speed(sandbox, tasks, { workers, log });
    const ok = judged.canonicalPassed === tasks.length && judged.emptiedFailed === tasks.length;
    const figures = { ok, workers, ...judged, firstMs, firstMsWithoutImage, perSecond: rates };
    return { ...figures, table: table(figures) };
  } finally {
    await sandbox.close();
  }
}

function table(found) {
  const { perSecond: rates, workers } = found;
  const beside = (own, other) =>
    other === null ? 'no python3' : `${own.toFixed(1)}, ${other.toFixed(1)}, ${(own / other).toFixed(2)}`;
  const killed = found.mutantsKilled / Math.max(1, found.mutants - found.mutantsUndecided);
  const rows = [
    ['problems', found.problems],
    ['canonical solutions that pass', found.canonicalPassed],
    ['bodies of `pass` that fail', found.emptiedFailed],
    ['mutants of the solutions', found.mutants],
    ['killed, of them by the clock', `${found.mutantsKilled}, ${found.mutantsTimedOut}`],
    ['share killed', `${(100 * killed).toFixed(1)} %`],
    ['milliseconds from a cold start to the first result', found.firstMs.toFixed(0)],
    ['the same without the image of a prepared interpreter', found.firstMsWithoutImage.toFixed(0)],
    [`verdicts on solutions a second, warm, ${workers} processes`, found.verdictsPerSecond.toFixed(1)],
    ['short programs a second: wall, python3 each, ratio', beside(rates.short, rates.nativeShort)],
    ['solutions with their tests a second: wall, python3 each, ratio', beside(rates.own, rates.native)],
  ];
  return ['| HumanEval | |', '| --- | ---: |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}
