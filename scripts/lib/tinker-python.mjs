import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * What the virtual environment is made with: pip's arguments, one call after the other. The cookbook comes without its
 * own requirements, which no index meets together with SkyRL's; pip would fall back to an early cookbook. What its loops
 * import is in the first call.
 */
export const TINKER_PACKAGES = [
  [
    ...['skyrl[tinker,jax]>=0.3', 'tinker>=0.38', 'transformers', 'torch'],
    ...['aiohttp', 'blobfile', 'chz', 'cloudpickle', 'datasets', 'pillow', 'pyrage', 'termcolor', 'tiktoken'],
    'tml-renderers',
  ],
  ['--no-deps', 'tinker-cookbook>=0.6'],
];

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
