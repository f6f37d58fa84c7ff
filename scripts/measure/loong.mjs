/**
 * LoongBench: the rationale of each row is run, and what it prints is compared with the stored answer. A rationale runs
 * in WebAssembly with the standard library; with `--python <interpreter>`, what lacks a package there runs once more under
 * bubblewrap with the packages of that interpreter.
 *
 * `--limit N` takes that many rows of each domain, evenly spread. `--progress file` keeps what was run, row by row, so that
 * a run can be continued.
 */
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyMath } from '@touchstone/verify';
import { NativePythonSandbox, PyodideSandbox } from '@touchstone/verify/code';
import { loong, pythonLiteral } from '@touchstone/verify/rewards';
import { findBoxes } from '../../packages/verify/dist/extract/index.js';
import { inFlight, spread } from './lists.mjs';

/** The time is the method's own for a verification. */
const LIMITS = { wallMs: 30_000, memoryMb: 512, outputBytes: 1 << 18 };

/** What a rationale printed as its answer: what it boxed last, otherwise all of it. */
function answerOf(stdout) {
  return (findBoxes(stdout).at(-1)?.content ?? stdout).trim();
}

/**
 * How output and answer agree: `exact` text, `literal` (equal Python values, or within the tolerance stored with the row),
 * `mathematics` (equal as formulas and quantities), `rounded` (only to the digits of the answer); null when they do not.
 */
function agreement(stdout, answer, tolerance) {
  const output = answerOf(stdout);
  if (output === '') return null;
  if (loong.compareExecutionToAnswer(output, answer, null)) return 'exact';
  if (tolerance !== null && loong.compareExecutionToAnswer(output, answer, tolerance)) return 'literal';
  const [left, right] = [pythonLiteral.parsePythonLiteral(output), pythonLiteral.parsePythonLiteral(answer)];
  if (left !== null && right !== null && loong.equalWithTolerance(left, right, tolerance)) return 'literal';
  if (output.includes('\n')) return output === answer.trim() ? 'literal' : null;
  if (verifyMath(`\\boxed{${output}}`, answer).outcome === 'correct') return 'mathematics';
  return agreesRounded(output, answer) ? 'rounded' : null;
}

const QUANTITY = /^(-?)(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?\s*(.*)$/i;

/** Whether the output is the answer when it is rounded to as many digits; units must be written alike. */
function agreesRounded(output, answer) {
  const [own, stored] = [QUANTITY.exec(output), QUANTITY.exec(answer.trim())];
  if (own === null || stored === null || own[5] !== stored[5]) return false;
  const value = ([, sign, whole, digits = '', power = '0']) => Number(`${sign}${whole}.${digits}e${power}`);
  const lastDigit = 10 ** (Number(stored[4] ?? 0) - (stored[3] ?? '').length);
  return Math.abs(value(own) - value(stored)) <= 0.5 * lastDigit * (1 + 1e-9);
}

const MISSING = /ModuleNotFoundError: No module named '([^'.]+)/;

function missingPackage({ outcome, stderr }) {
  if (outcome !== 'error') return null;
  return MISSING.exec(stderr)?.[1] ?? null;
}

/** Runs a rationale in the first of the sandboxes that has what it imports. */
async function runRationale(sandboxes, rationale) {
  let result;
  for (const sandbox of sandboxes) {
    result = await sandbox.run({ language: 'python', files: { 'main.py': rationale }, limits: LIMITS });
    if (missingPackage(result) === null) return result;
  }
  return result;
}

async function judgeRow(sandboxes, { id, domain, row }) {
  const result = await runRationale(sandboxes, row.rationale);
  const { outcome, stdout, stderr, elapsedMs } = result;
  const common = { id, domain, ms: Math.round(elapsedMs) };
  const missing = missingPackage(result);
  if (missing !== null) return { ...common, ended: 'missing', detail: missing };
  if (outcome !== 'ok')
    return { ...common, ended: outcome, detail: stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '' };
  const { answer_tolerance: stored } = row.metadata;
  const tolerance = stored === undefined || stored === null ? null : Number(stored);
  const agreed = agreement(stdout, String(row.final_answer), tolerance);
  const detail = agreed === null ? `${answerOf(stdout).slice(0, 80)} | ${String(row.final_answer).slice(0, 80)}` : '';
  return { ...common, ended: agreed ?? (stdout.trim() === '' ? 'silent' : 'different'), detail };
}

const ENDS = {
  exact: 'exact text',
  literal: 'value, stored tolerance',
  mathematics: 'mathematics',
  rounded: "to the answer's digits",
  different: 'disagree',
  silent: 'prints nothing',
  missing: 'package missing',
  error: 'error',
  timeout: 'timeout',
  memory: 'memory',
  crashed: 'crashed',
};
const AGREE = ['exact', 'literal', 'mathematics'];

function rowsOf(folder, limit) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return files.sort().flatMap((file) => {
    const domain = file.replace(/\.json$/, '');
    const rows = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    return spread(
      rows.map((row, index) => ({ id: `${domain}/${index}`, domain, row })),
      limit,
    );
  });
}

/** What was run before. Rows that lacked a package are run again when there may be more of them. */
function known(progress, python) {
  if (progress === undefined || !existsSync(progress)) return new Map();
  const lines = readFileSync(progress, 'utf8').split('\n').filter(Boolean);
  const done = lines.map((line) => JSON.parse(line)).filter(({ ended }) => python === undefined || ended !== 'missing');
  return new Map(done.map((each) => [each.id, each]));
}

/** @param options { data: folder of data sets, limit?: rows of a domain, workers?, python?, progress?, log } */
export async function measureLoong({ data, limit = Infinity, workers = 2, python, progress, log }) {
  const rows = rowsOf(join(data, 'loong'), limit);
  const results = known(progress, python);
  const left = rows.filter(({ id }) => !results.has(id));
  const sandboxes = [new PyodideSandbox({ workers })];
  try {
    if (python !== undefined) sandboxes.push(await NativePythonSandbox.open({ python, packages: true, workers }));
    await inFlight(left, 2 * workers, async (row) => {
      const result = await judgeRow(sandboxes, row);
      results.set(row.id, result);
      if (progress !== undefined) appendFileSync(progress, `${JSON.stringify(result)}\n`);
      log(`${results.size} of ${rows.length} rows`);
    });
  } finally {
    await Promise.all(sandboxes.map((sandbox) => sandbox.close()));
  }
  const found = summary(rows.map(({ id }) => results.get(id)));
  return { ...found, table: table(found) };
}

function counted(results) {
  const counts = Object.fromEntries(Object.keys(ENDS).map((end) => [end, 0]));
  for (const { ended } of results) counts[ended] += 1;
  const agree = AGREE.reduce((sum, end) => sum + counts[end], 0);
  return { rows: results.length, agree, ...counts };
}

function summary(results) {
  const names = [...new Set(results.map(({ domain }) => domain))];
  const missing = {};
  for (const { ended, detail } of results) if (ended === 'missing') missing[detail] = (missing[detail] ?? 0) + 1;
  const open = ['different', 'silent', 'error', 'timeout', 'memory', 'crashed', 'rounded'];
  return {
    domains: Object.fromEntries(names.map((name) => [name, counted(results.filter(({ domain }) => domain === name))])),
    all: counted(results),
    missingPackages: Object.fromEntries(Object.entries(missing).sort(([, a], [, b]) => b - a)),
    notAgreed: results.filter(({ ended }) => open.includes(ended)),
  };
}

function table({ domains, all, missingPackages }) {
  const ends = Object.keys(ENDS).filter((end) => AGREE.includes(end) || all[end] > 0);
  const columns = ['rows', 'agree', ...ends];
  const heads = ['LoongBench', 'rows', 'agree', ...ends.map((end) => ENDS[end])];
  const line = ([name, counts]) => `| ${[name, ...columns.map((column) => counts[column])].join(' | ')} |`;
  const packages = Object.entries(missingPackages).map(([name, count]) => `${name} ${count}`);
  return [
    `| ${heads.join(' | ')} |`,
    `| --- |${columns.map(() => ' ---: |').join('')}`,
    ...Object.entries(domains).map(line),
    line(['all', all]),
    ...(packages.length === 0 ? [] : ['', `Packages missing, by rationales: ${packages.join(', ')}.`]),
  ].join('\n');
}
