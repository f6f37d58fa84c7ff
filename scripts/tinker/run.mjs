/**
 * The Tinker API against the real thing: SkyRL's server, the official Python SDK, and a client that has bad luck.
 *
 *   npm run test:tinker [-- --only name] [-- --steps 16]
 *
 * Python comes from TOUCHSTONE_TINKER_PYTHON, else from a virtual environment in the cache folder, which the first run
 * makes (2 GB, some minutes). Without Python, pip or the network it says so and passes. A check is a program that exits
 * 0 when it holds and 3 when something that it needs is absent.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findTinkerPython, TINKER_PACKAGES, tinkerEnvironment } from '../lib/tinker-python.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const SKIPPED = 3;

/** To add one, write its program and list it here. `python` and `argv` are those of this run. */
const CHECKS = [
  {
    name: 'skyrl',
    what: "quickstart on SkyRL's server, log-probs and one gradient step beside the local engine",
    command: ({ argv }) => [process.execPath, 'scripts/tinker/skyrl.mjs', ...argv],
  },
  {
    name: 'sdk',
    what: 'the official Python SDK on touchstone serve tinker, beside the same weights in PyTorch',
    command: ({ python }) => [python, 'scripts/tinker/sdk_on_touchstone.py'],
  },
  {
    name: 'cookbook',
    what: "tinker-cookbook's sl_loop and rl_loop on touchstone serve tinker",
    command: ({ python }) => [python, 'scripts/tinker/cookbook_recipes.py'],
  },
  {
    name: 'faults',
    what: 'a server that fails, is killed or answers late',
    command: () => [
      'npx',
      'vitest',
      'run',
      'packages/engine/src/tinker',
      'packages/touchstone/src/run/tinker-run.test.ts',
    ],
  },
];

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: REPOSITORY, stdio: 'inherit', ...options });
}

/** A Python with the packages, made where there is none, or one line that says why there is none. */
function preparePython() {
  const found = findTinkerPython();
  if (found.python !== undefined || process.env.TOUCHSTONE_TINKER_PYTHON) return found;
  if (run('python3', ['--version'], { stdio: 'ignore' }).status !== 0) return { missing: 'there is no python3' };
  const folder = tinkerEnvironment();
  console.log(`test:tinker: installing ${TINKER_PACKAGES.join(', ')} into ${folder}`);
  if (run('python3', ['-m', 'venv', folder]).status !== 0) return { missing: 'python3 has no venv' };
  run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...TINKER_PACKAGES]);
  return findTinkerPython();
}

function main(argv) {
  const { values } = parseArgs({ args: argv, options: { only: { type: 'string' }, steps: { type: 'string' } } });
  const checks = CHECKS.filter(({ name }) => values.only === undefined || name === values.only);
  if (checks.length === 0) {
    console.error(
      `test:tinker: --only must be one of ${CHECKS.map(({ name }) => name).join(', ')}, got ${values.only}`,
    );
    return 2;
  }
  const { python, missing } = preparePython();
  if (python === undefined) {
    console.log(
      `test:tinker: skipped, ${missing}; install Python 3.11 or newer with pip, or set TOUCHSTONE_TINKER_PYTHON`,
    );
    return 0;
  }
  process.env.TOUCHSTONE_TINKER_PYTHON = python;
  const rest = values.steps === undefined ? [] : ['--steps', values.steps];
  const results = checks.map(({ name, what, command }) => {
    console.log(`\n# ${name}: ${what}`);
    const [program, ...args] = command({ python, argv: name === 'skyrl' ? rest : [] });
    const { status } = run(program, args);
    return { name, outcome: status === 0 ? 'passed' : status === SKIPPED ? 'skipped' : 'failed' };
  });
  console.log(`\n${results.map(({ name, outcome }) => `${name.padEnd(12)}${outcome}`).join('\n')}`);
  return results.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!String(error?.code).startsWith('ERR_PARSE_ARGS')) throw error;
  console.error(`test:tinker: ${error.message}`);
  process.exitCode = 2;
}
