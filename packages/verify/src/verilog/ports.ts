import type { Netlist, Port } from './netlist.js';

/** In which way the response's ports are not those of the reference, in words; null where they agree. */
export function comparePorts(reference: Netlist, response: Netlist): string | null {
  const given = new Map(response.ports.map((port) => [port.name, port]));
  const faults = reference.ports.flatMap((wanted) => {
    const port = given.get(wanted.name);
    if (port === undefined) return [`${describe(wanted)} is missing`];
    return sameShape(wanted, port) ? [] : [`expected ${describe(wanted)}, got ${describe(port)}`];
  });
  const names = new Set(reference.ports.map(({ name }) => name));
  const extra = response.ports
    .filter(({ name }) => !names.has(name))
    .map((port) => `${describe(port)} is not asked for`);
  const all = [...faults, ...extra];
  return all.length === 0 ? null : `the ports differ: ${all.slice(0, 8).join('; ')}`;
}

function sameShape(a: Port, b: Port): boolean {
  return a.direction === b.direction && a.bits.length === b.bits.length;
}

function describe({ name, direction, bits }: Port): string {
  return `${direction} ${name} of ${bits.length} bit${bits.length === 1 ? '' : 's'}`;
}
