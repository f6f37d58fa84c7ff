/**
 * Formal comparison of Verilog over verilog-eval: each reference against itself with inner names renamed, against
 * rewrites that behave alike, and against mutants of one operator.
 *
 * `--mutants N` and `--rewrites N` are the most of each that are drawn for a problem (default 8 and 6), evenly over the
 * text. `--progress file` keeps what was measured, problem by problem, so that a run can be continued.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutants, renamed, rewrites, verifyVerilog, verilogPool } from '@touchstone/verify/verilog';
import { spread } from './lists.mjs';

const TIMEOUT_MS = 20_000;

async function measureProblem({ id, reference }, { pool, mutantCount, rewriteCount }) {
  const started = performance.now();
  const judge = async (source) => {
    const verdict = await verifyVerilog(source, reference, { timeoutMs: TIMEOUT_MS }, { pool });
    return { outcome: verdict.outcome, reason: verdict.reason, feedback: verdict.feedback, ms: verdict.elapsedMs };
  };
  const self = await judge(renamed(reference));
  const judged = async (variants) => {
    const results = [];
    for (const { source, change } of variants) results.push({ change, ...(await judge(source)) });
    return results;
  };
  const alike = await judged(spread(rewrites(reference).slice(1), rewriteCount));
  const mutated = await judged(spread(mutants(reference), mutantCount));
  return { id, self, rewrites: alike, mutants: mutated, seconds: (performance.now() - started) / 1000 };
}

function kindOfMutant({ outcome, reason }) {
  if (reason === 'different') return 'different';
  if (outcome === 'correct') return 'equivalent';
  return outcome === 'incorrect' ? 'notCircuit' : outcome === 'timeout' ? 'timeout' : 'open';
}

function summary(problems) {
  const all = problems.flatMap((problem) => problem.mutants.map((each) => ({ id: problem.id, ...each })));
  const counts = { different: 0, equivalent: 0, notCircuit: 0, timeout: 0, open: 0 };
  for (const each of all) counts[kindOfMutant(each)] += 1;
  const alike = problems.flatMap((problem) => problem.rewrites);
  const times = problems
    .flatMap((problem) => [problem.self, ...problem.rewrites, ...problem.mutants])
    .map(({ ms }) => ms / 1000)
    .sort((a, b) => a - b);
  const selfProved = problems.filter(({ self }) => self.outcome === 'correct').length;
  const rejected = alike.filter(({ outcome }) => outcome === 'incorrect').length;
  const judgedMutants = counts.different + counts.timeout + counts.open;
  const shown = counts.different / Math.max(1, judgedMutants);
  return {
    ok: selfProved === problems.length && rejected === 0 && shown >= 0.95,
    problems: problems.length,
    selfProved,
    selfFailed: problems
      .filter(({ self }) => self.outcome !== 'correct')
      .map(({ id, self }) => `${id}: ${self.reason}`),
    rewrites: alike.length,
    rewritesProved: alike.filter(({ outcome }) => outcome === 'correct').length,
    rewritesRejected: problems.flatMap(({ id, rewrites: list }) =>
      list.filter(({ outcome }) => outcome === 'incorrect').map(({ change, reason }) => `${id}: ${change}: ${reason}`),
    ),
    mutants: all.length,
    ...counts,
    shareShownDifferent: shown,
    equivalentMutants: all
      .filter((each) => kindOfMutant(each) === 'equivalent')
      .map(({ id, change, feedback }) => `${id}: ${change}: ${feedback}`),
    openMutants: all
      .filter((each) => ['open', 'timeout'].includes(kindOfMutant(each)))
      .map(({ id, change, reason }) => `${id}: ${change}: ${reason}`),
    secondsMedian: times[Math.floor(times.length / 2)],
    secondsP95: times[Math.floor(times.length * 0.95)],
    secondsMost: times.at(-1),
  };
}

function table(found) {
  const rows = [
    ['references', found.problems],
    ['proved equal to themselves renamed', found.selfProved],
    ['rewrites that behave alike', found.rewrites],
    ['proved equal', found.rewritesProved],
    ['wrongly rejected', found.rewritesRejected.length],
    ['mutants of one operator', found.mutants],
    ['shown different with a counter-example', found.different],
    ['proved equivalent', found.equivalent],
    ['no circuit any more', found.notCircuit],
    ['left open, timed out', `${found.open}, ${found.timeout}`],
    ['share shown different of those not proved equivalent', `${(100 * found.shareShownDifferent).toFixed(1)} %`],
    [
      'seconds a comparison: median, 95 %, most',
      [found.secondsMedian, found.secondsP95, found.secondsMost].map((each) => each.toFixed(2)).join(', '),
    ],
  ];
  return ['| verilog-eval | |', '| --- | ---: |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

/** @param options { data: folder of data sets, mutants?, rewrites?, limit?, progress?, workers?, log? } */
export async function measureVerilog(options) {
  const path = join(options.data, 'verilog-eval', 'spec-to-rtl.jsonl');
  if (!existsSync(path)) throw new Error(`measure verilog: ${path} must exist; give --data <folder>`);
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const problems = spread(
    lines.map((line) => JSON.parse(line)),
    options.limit ?? lines.length,
  );
  const { progress } = options;
  const done =
    progress !== undefined && existsSync(progress) ? readFileSync(progress, 'utf8').split('\n').filter(Boolean) : [];
  const results = new Map(done.map((line) => JSON.parse(line)).map((each) => [each.id, each]));
  const pool = verilogPool(options.workers ?? 1);
  try {
    for (const problem of problems.filter(({ id }) => !results.has(id))) {
      const result = await measureProblem(problem, {
        pool,
        mutantCount: options.mutants ?? 8,
        rewriteCount: options.rewrites ?? 6,
      });
      results.set(problem.id, result);
      if (progress !== undefined) appendFileSync(progress, `${JSON.stringify(result)}\n`);
      options.log?.(`${problem.id}: ${result.self.reason}, ${result.seconds.toFixed(1)} s`);
    }
  } finally {
    await pool.close();
  }
  const found = summary(problems.map(({ id }) => results.get(id)));
  return { ...found, table: table(found) };
}
