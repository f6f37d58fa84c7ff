import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGroup } from '../lib/bounded.mjs';

const SCRIPT = fileURLToPath(new URL('../skyrl-server.sh', import.meta.url));
const START_MINUTES = 4;
const SHOWN_LINES = 40;

/** The Python that runs the server has no SkyRL. */
export class NoSkyrl extends Error {}

/** A port that is free now. */
async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts SkyRL's server over a model folder; its log goes to `server.log` in `work`. Throws where it does not answer in
 * time, with the end of that log.
 *
 * @returns {Promise<{ url: string, tail: () => string, end: () => Promise<void> }>} `tail`: the end of its log
 */
export async function startSkyrl(model, work) {
  const log = createWriteStream(join(work, 'server.log'));
  const last = [];
  const onErrorLine = (line) => {
    log.write(`${line}\n`);
    last.push(line);
    if (last.length > SHOWN_LINES) last.shift();
  };
  let announced;
  const address = new Promise((resolve) => (announced = resolve));
  const argv = [model, '--port', String(await freePort()), '--rank', '32'];
  const server = startGroup(SCRIPT, argv, { onLine: announced, onErrorLine });
  const end = async () => {
    await server.end();
    log.end();
  };
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, START_MINUTES * 60_000, 'late')));
  const first = await Promise.race([address, late, server.exited]);
  clearTimeout(timer);
  const tail = () => last.join('\n');
  if (typeof first === 'string' && first !== 'late') return { url: JSON.parse(first).url, tail, end };
  await end();
  if (first === 3) throw new NoSkyrl(tail());
  const what = first === 'late' ? `nothing for ${START_MINUTES} minutes` : `exit code ${first}`;
  throw new Error(`skyrl: the server must print its address, got ${what}\n${tail()}`);
}
