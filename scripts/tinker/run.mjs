/**
 * The Tinker API against the real thing: SkyRL's server, the official Python SDK, and a client that has bad luck.
 *
 *   npm run test:tinker [-- --only name] [-- --steps 10] [-- --installed]
 *
 * Python comes from TOUCHSTONE_TINKER_PYTHON, else from a virtual environment in the cache folder, which the first run
 * makes (7 GB on Linux, ten minutes or so) unless `--installed` forbids it. Without Python, pip or the network it says so
 * and passes. A check is a program that exits 0 when it holds and 3 when something that it needs is absent; one that takes
 * longer than its time has failed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runBounded } from '../lib/bounded.mjs';
import { findTinkerPython, TINKER_PACKAGES, tinkerEnvironment } from '../lib/tinker-python.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const SKIPPED = 3;

const INSTALL_MINUTES = 45;

/** To add one, write its program and list it here. `python` and `argv` are those of this run. */
const CHECKS = [
  {
    name: 'skyrl',
    what: "quickstart on SkyRL's server, log-probs and one gradient step beside the local engine",
    minutes: 30,
    command: ({ argv }) => [process.execPath, 'scripts/tinker/skyrl.mjs', ...argv],
  },
  {
    name: 'sdk',
    what: 'the official Python SDK on touchstone serve tinker, beside the same weights in PyTorch',
    minutes: 10,
    command: ({ python }) => [python, 'scripts/tinker/sdk_on_touchstone.py'],
  },
  {
    name: 'cookbook',
    what: "tinker-cookbook's sl_loop and rl_loop on touchstone serve tinker",
    minutes: 15,
    command: ({ python }) => [python, 'scripts/tinker/cookbook_recipes.py'],
  },
  {
    name: 'faults',
    what: 'a server that fails, is killed or answers late',
    minutes: 10,
    command: () => [
      'npx',
      'vitest',
      'run',
      'packages/engine/src/tinker',
      'packages/touchstone/src/run/tinker-run.test.ts',
    ],
  },
];

/** A Python with the packages, made where there is none, or one line that says why there is none. */
async function preparePython(installed) {
  const found = findTinkerPython();
  if (process.env.TOUCHSTONE_TINKER_PYTHON || installed) return found;
  const folder = tinkerEnvironment();
  const stamp = join(folder, 'touchstone-packages.json');
  const wanted = JSON.stringify(TINKER_PACKAGES);
  if (found.python !== undefined && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return found;
  if (spawnSync('python3', ['--version']).status !== 0) return { missing: 'there is no python3' };
  console.log(`test:tinker: making a Python environment in ${folder}`);
  const venv = await runBounded('python3', ['-m', 'venv', folder], { cwd: REPOSITORY, minutes: 5 });
  if (venv.code !== 0) return { missing: 'python3 has no venv' };
  const missing = await install(join(folder, 'bin', 'python'));
  if (missing !== undefined) return { missing };
  writeFileSync(stamp, wanted);
  return findTinkerPython();
}

/** Undefined where it went well, else what went wrong. */
async function install(python) {
  console.log(`test:tinker: installing ${TINKER_PACKAGES.flat().join(' ')}: 7 GB on Linux`);
  const started = performance.now();
  const minutes = () => (performance.now() - started) / 60_000;
  const tick = setInterval(() => console.log(`test:tinker: still installing, ${Math.round(minutes())} min`), 60_000);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--retries', '2'];
  try {
    for (const packages of TINKER_PACKAGES) {
      const { code, late } = await runBounded(python, [...pip, ...packages], { minutes: INSTALL_MINUTES - minutes() });
      if (late) return `pip did not end within ${INSTALL_MINUTES} minutes`;
      if (code !== 0) return 'pip could not install the packages (its own words are above)';
    }
    return undefined;
  } finally {
    clearInterval(tick);
  }
}

async function outcomeOf({ name, what, minutes, command }, context) {
  console.log(`\n# ${name}: ${what}`);
  const started = performance.now();
  const [program, ...args] = command(context);
  const { code, late } = await runBounded(program, args, { cwd: REPOSITORY, minutes });
  if (late) console.log(`test:tinker: ${name} must end within ${minutes} minutes, and was ended`);
  const outcome = code === 0 ? 'passed' : code === SKIPPED && !late ? 'skipped' : 'failed';
  return { name, outcome, seconds: Math.round((performance.now() - started) / 1000) };
}

async function main(argv) {
  const { values } = parseArgs({
    args: argv,
    options: { only: { type: 'string' }, steps: { type: 'string' }, installed: { type: 'boolean', default: false } },
  });
  const checks = CHECKS.filter(({ name }) => values.only === undefined || name === values.only);
  if (checks.length === 0) {
    console.error(
      `test:tinker: --only must be one of ${CHECKS.map(({ name }) => name).join(', ')}, got ${values.only}`,
    );
    return 2;
  }
  const { python, missing } = await preparePython(values.installed);
  if (python === undefined) {
    console.log(
      `test:tinker: skipped, ${missing}; install Python 3.11 or newer with pip, or set TOUCHSTONE_TINKER_PYTHON`,
    );
    return 0;
  }
  process.env.TOUCHSTONE_TINKER_PYTHON = python;
  const rest = values.steps === undefined ? [] : ['--steps', values.steps];
  const results = [];
  for (const check of checks) {
    results.push(await outcomeOf(check, { python, argv: check.name === 'skyrl' ? rest : [] }));
  }
  const lines = results.map(({ name, outcome, seconds }) => `${name.padEnd(12)}${outcome.padEnd(8)}${seconds} s`);
  console.log(`\n${lines.join('\n')}`);
  return results.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!String(error?.code).startsWith('ERR_PARSE_ARGS')) throw error;
  console.error(`test:tinker: ${error.message}`);
  process.exitCode = 2;
}
