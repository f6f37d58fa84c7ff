import { readdir, readFile } from 'node:fs/promises';

/** Process ids of sandboxes that this process has started and that still run. Empty where there is no /proc. */
export async function sandboxChildren(): Promise<number[]> {
  const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const read = (name: string): Promise<string> => readFile(`/proc/${id}/${name}`, 'utf8').catch(() => '');
      const [status, command] = [await read('status'), await read('cmdline')];
      const isOurs = new RegExp(`^PPid:\\t${process.pid}$`, 'm').test(status);
      return isOurs && command.includes('sandbox/host.js') ? [Number(id)] : [];
    }),
  );
  return found.flat();
}
