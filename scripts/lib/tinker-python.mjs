import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the virtual environment is made with. */
export const TINKER_PACKAGES = ['skyrl[tinker,jax]', 'tinker', 'tinker-cookbook', 'transformers', 'torch'];

/** The environment that `npm run test:tinker` makes. */
export function tinkerEnvironment() {
  return join(process.env.TOUCHSTONE_CACHE ?? join(homedir(), '.cache', 'touchstone'), 'tinker-venv');
}

/**
 * The Python with the Tinker SDK and SkyRL: TOUCHSTONE_TINKER_PYTHON, else that of the environment in the cache folder.
 *
 * @returns {{ python: string } | { missing: string }} `missing` is one line that says what is absent
 */
export function findTinkerPython() {
  const given = process.env.TOUCHSTONE_TINKER_PYTHON || undefined;
  const python = given ?? join(tinkerEnvironment(), 'bin', 'python');
  if (given === undefined && !existsSync(python))
    return { missing: `there is no environment in ${tinkerEnvironment()}` };
  const probe = spawnSync(python, ['-c', 'import tinker, skyrl.tinker, jax'], { stdio: 'ignore' });
  return probe.status === 0 ? { python } : { missing: `${python} has no skyrl[tinker,jax]` };
}
