/** Every attempt to get out of the Python wall, and what became of it. */
import { PyodideSandbox } from '../../packages/verify/dist/programs/index.js';
import { attemptPython, pythonEscapes } from '../../packages/verify/dist/python/escapes.js';

export async function measureEscape({ log }) {
  const sandbox = new PyodideSandbox({ workers: 1, spares: 1 });
  const rows = [];
  for (const escape of pythonEscapes) {
    rows.push({ wall: 'python', name: escape.name, ...(await attemptPython(escape, sandbox)) });
    log(`${rows.length} of ${pythonEscapes.length} attempts`);
  }
  await sandbox.close();
  const held = rows.filter((row) => row.held).length;
  const lines = rows.map((row) => `| ${row.wall} | ${row.name} | ${row.held ? 'held' : 'ESCAPED'} | ${row.seen} |`);
  const table = ['| wall | attempt | | seen |', '| --- | --- | --- | --- |', ...lines].join('\n');
  return { attempts: rows.length, held, ok: held === rows.length, rows, table };
}
