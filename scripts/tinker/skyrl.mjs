/**
 * SkyRL's Tinker server (JAX, CPU) beside the local engine, on the same model folder: log-probs of the same tokens, one
 * step down the same gradient, the server's own losses beside ours, and the quickstart recipe on both. Exits 0 where all
 * agree, 3 without SkyRL.
 *
 * The server trains a low-rank adapter, the local engine all weights: after a step the log-probs have moved by other
 * amounts in the same directions, which is what is compared.
 *
 * Options: --model FOLDER --steps 10 (of both runs; 0: no runs) --prompts 16 --group 8 --tasks 64 (held out, 4 answers
 * each) --keep FOLDER (runs and the server's log; default: nowhere)
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareEngines } from './skyrl-engines.mjs';
import { compareRecipe } from './skyrl-recipe.mjs';
import { progress, within } from './skyrl-report.mjs';
import { NoSkyrl, startSkyrl } from './skyrl-server.mjs';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: fileURLToPath(new URL('../../models/touchstone-base', import.meta.url)) },
    steps: { type: 'string', default: '10' },
    prompts: { type: 'string', default: '16' },
    group: { type: 'string', default: '8' },
    tasks: { type: 'string', default: '64' },
    keep: { type: 'string' },
  },
});

async function compare(server, work) {
  const engines = await within(8, 'the comparison of the engines', () => compareEngines(server.url, options.model));
  if (options.steps === '0') return engines;
  return [...engines, ...(await compareRecipe(server.url, work, options))];
}

async function main() {
  const work = options.keep ?? mkdtempSync(join(tmpdir(), 'touchstone-skyrl-'));
  mkdirSync(work, { recursive: true });
  let server;
  try {
    progress('starting the server');
    server = await startSkyrl(options.model, work);
    progress(`the server answers at ${server.url}`);
    return (await compare(server, work)).every(Boolean) ? 0 : 1;
  } catch (error) {
    console.error(error.message);
    if (error instanceof NoSkyrl) return 3;
    if (server !== undefined) console.error(`the server's last lines:\n${server.tail()}`);
    return 1;
  } finally {
    await server?.end();
    if (options.keep === undefined) rmSync(work, { recursive: true, force: true });
  }
}

// What was given up may still hold connections open.
process.exit(await main());
