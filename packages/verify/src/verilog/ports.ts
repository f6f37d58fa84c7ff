import { clocksOf, originOf } from './miter.js';
import { asRegister, type Netlist, type Port } from './netlist.js';
import type { PortFacts } from './testbench.js';

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

/** Names that synchronous resets go by, with a mark of those that are active at 0. */
const resetName = /^(?:i_)?(?:sync_?|s)?(?:rst|reset|clr|clear)(_?n|_?b)?(?:_i)?$/i;

/** Ports, clocks and resets as the circuit shows them; a synchronous reset is known by its name alone. */
export function portFacts(netlist: Netlist): PortFacts {
  const of = (direction: Port['direction']): PortFacts['inputs'] =>
    netlist.ports
      .filter((port) => port.direction === direction)
      .map(({ name, bits }) => ({ name, width: bits.length }));
  const clocks = clocksOf(netlist).flatMap((clock) => (clock === null || clock === 'latch' ? [] : [clock]));
  const asynchronous = netlist.cells.flatMap((cell) =>
    (asRegister(cell)?.overrides ?? []).flatMap(({ when, active }) => {
      const origin = originOf(netlist, when, active);
      return origin === null ? [] : [origin];
    }),
  );
  const known = new Map(asynchronous.map(({ port, rising }) => [port, rising]));
  const named = of('input').filter(({ name, width }) => width === 1 && resetName.test(name) && !known.has(name));
  return {
    top: netlist.name,
    inputs: of('input'),
    outputs: of('output'),
    clocks: [...new Map(clocks.map(({ port, rising }) => [`${port} ${rising}`, { port, rising }])).values()],
    resets: [
      ...[...known].map(([port, high]) => ({
        port,
        activeLevel: high ? (1 as const) : (0 as const),
        synchronous: false,
      })),
      ...(clocks.length === 0 ? [] : named).map(({ name }) => ({
        port: name,
        activeLevel: resetName.exec(name)?.[1] === undefined ? (1 as const) : (0 as const),
        synchronous: true,
      })),
    ],
  };
}
