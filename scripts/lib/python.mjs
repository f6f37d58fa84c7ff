import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LOCAL = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));

/**
 * The Python to compare with: TOUCHSTONE_PYTHON, else `.venv` of the repository, else python3.
 *
 * @param {readonly string[]} modules that must be importable
 * @returns {{ python: string } | { missing: string }} `missing` is one line that says what is absent and what to do
 */
export function findPython(modules) {
  const python = process.env.TOUCHSTONE_PYTHON ?? (existsSync(LOCAL) ? LOCAL : 'python3');
  const code = 'import importlib.util as u, sys; print(",".join(m for m in sys.argv[1:] if u.find_spec(m) is None))';
  const probe = spawnSync(python, ['-c', code, ...modules], { encoding: 'utf8' });
  if (probe.error !== undefined || probe.status !== 0) {
    return { missing: `${python} does not run; set TOUCHSTONE_PYTHON to a Python with ${modules.join(', ')}` };
  }
  const absent = probe.stdout.trim();
  if (absent === '') return { python };
  return { missing: `${python} has no ${absent}; install it or set TOUCHSTONE_PYTHON` };
}
