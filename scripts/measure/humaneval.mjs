/** HumanEval in the Python wall: canonical solutions, emptied ones, speed, and native python3 beside it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PyodideSandbox, runSuite } from '../../packages/verify/dist/programs/index.js';

const LIMITS = { wallMs: 20_000, totalMs: 120_000 };

/** A problem as a suite: its prompt is trusted text that the tests may use, and the signature to complete. */
export function suiteOf({ prompt, entry_point: name, test }) {
  return { function: name, prefix: prompt, setup: prompt, assertions: `${test}\ncheck(${name})\n` };
}

async function passes(sandbox, body, task) {
  const results = await runSuite(body, suiteOf(task), { python: sandbox }, LIMITS);
  return results.every(({ outcome }) => outcome === 'passed');
}

export async function measureHumanEval({ data, log }) {
  const rows = readFileSync(join(data, 'humaneval', 'HumanEval.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const started = performance.now();
  const sandbox = new PyodideSandbox({ workers: 2, spares: 0 });
  await sandbox.run({ language: 'python', files: { 'main.py': 'print(1)' } });
  const firstMs = performance.now() - started;
  const hold = setInterval(() => undefined, 1000);
  await Promise.all([sandbox.warm(), sandbox.imaged]);
  clearInterval(hold);
  await Promise.all(rows.slice(0, 20).map((task) => passes(sandbox, task.canonical_solution, task)));
  const canonicalFrom = performance.now();
  const canonical = await Promise.all(rows.map((task) => passes(sandbox, task.canonical_solution, task)));
  const perSecond = rows.length / ((performance.now() - canonicalFrom) / 1000);
  log(`${rows.length} canonical solutions`);
  const emptied = await Promise.all(rows.map((task) => passes(sandbox, '    pass\n', task)));
  const short = await rate(sandbox);
  await sandbox.close();
  const nativeMs = native(rows.slice(0, 40));
  const result = {
    problems: rows.length,
    canonicalPassed: canonical.filter(Boolean).length,
    failing: rows.filter((_, index) => !canonical[index]).map(({ task_id: id }) => id),
    emptiedFailed: emptied.filter((each) => !each).length,
    firstResultMs: Math.round(firstMs),
    problemsPerSecond: Number(perSecond.toFixed(1)),
    shortProgramsPerSecond: Number(short.toFixed(1)),
    nativeMsPerProgram: nativeMs === null ? null : Number(nativeMs.toFixed(1)),
    ratioToNative: nativeMs === null ? null : Number((1000 / perSecond / (nativeMs / 2)).toFixed(2)),
  };
  const ok = result.canonicalPassed === rows.length && result.emptiedFailed === rows.length;
  const lines = Object.entries(result).map(([name, value]) => `| ${name} | ${value} |`);
  return { ...result, ok, table: ['| figure | value |', '| --- | --- |', ...lines].join('\n') };
}

async function rate(sandbox) {
  const source = 'def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nprint(fib(12))';
  const from = performance.now();
  const job = { language: 'python', files: { 'main.py': source } };
  await Promise.all(Array.from({ length: 400 }, () => sandbox.run(job)));
  return 400 / ((performance.now() - from) / 1000);
}

/** Milliseconds a program in a fresh python3 process, one after another; null where there is none. */
function native(rows) {
  const from = performance.now();
  for (const { prompt, canonical_solution: body, test, entry_point: name } of rows) {
    const { status, error } = spawnSync('python3', ['-I', '-'], {
      input: `${prompt}${body}\n${test}\ncheck(${name})\n`,
    });
    if (error !== undefined || status !== 0) return null;
  }
  return (performance.now() - from) / rows.length;
}
