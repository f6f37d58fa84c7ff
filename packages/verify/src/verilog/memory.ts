import type { Bit, YosysJson } from './netlist.js';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Module = YosysJson['modules'][string];
type Cells = Mutable<Module['cells']>;

export function isMemory(type: string): boolean {
  return type.startsWith('$mem');
}

/** An unsigned parameter of yosys, which is written in binary. */
export function binary(value: string | undefined): number {
  return Number.parseInt(value ?? '0', 2);
}

/**
 * A netlist whose memories are to be taken apart by another run of yosys. What is read beyond a memory's words is
 * unknown, as in the language, where yosys would look at the low bits of the address alone; and names of the first run
 * are kept apart from those that the second makes up, which counts from the start again and stops at a name that is taken.
 */
export function forMapping(json: YosysJson): YosysJson {
  const modules = Object.entries(json.modules).map(([name, module]) => [name, mapped(module)] as const);
  return { ...json, modules: Object.fromEntries(modules) };
}

function mapped(module: Module): Module {
  const own = <T>(named: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(named).map(([name, value]) => [name.startsWith('$') ? `$before${name}` : name, value]),
    );
  const cells = own(module.cells);
  let last = Object.values(module.netnames)
    .flatMap(({ bits }) => bits)
    .reduce<number>((most, bit) => (typeof bit === 'number' ? Math.max(most, bit) : most), 1);
  const wires = (count: number): Bit[] => Array.from({ length: count }, () => ++last);
  for (const [name, cell] of Object.entries(cells)) {
    if (isMemory(cell.type)) Object.assign(cells, guarded(name, cell, wires));
  }
  return { ...module, cells, netnames: own(module.netnames) };
}

/** The memory, and for each port that reads and could point outside the cells that make its data unknown then. */
function guarded(name: string, cell: Cells[string], wires: (count: number) => Bit[]): Cells {
  const { parameters, connections } = cell;
  const [abits, width, size, offset] = ['ABITS', 'WIDTH', 'SIZE', 'OFFSET'].map((key) => binary(parameters[key]));
  // Of words that are numbered from below 0 the bounds are left to yosys.
  if (offset! >= 2 ** 31 || (offset === 0 && size === 2 ** abits!)) return {};
  const data = [...connections['RD_DATA']!];
  const found: Cells = {};
  for (let port = 0; port < binary(parameters['RD_PORTS']); port++) {
    const address = connections['RD_ADDR']!.slice(port * abits!, (port + 1) * abits!);
    if (isWithin(address, offset!, size!)) continue;
    const seen = data.slice(port * width!, (port + 1) * width!);
    const raw = wires(width!);
    const inner = wires(width!);
    const [below, beyond] = [wires(1), wires(1)];
    data.splice(port * width!, width!, ...raw);
    found[`${name}$below${port}`] = compare('$lt', address, offset!, below);
    found[`${name}$beyond${port}`] = compare('$ge', address, offset! + size!, beyond);
    found[`${name}$inner${port}`] = unlessUnknown(raw, below, inner);
    found[`${name}$seen${port}`] = unlessUnknown(inner, beyond, seen);
  }
  found[name] = { ...cell, connections: { ...connections, RD_DATA: data } };
  return found;
}

/** Whether an address is a constant that names a word. */
function isWithin(address: readonly Bit[], offset: number, size: number): boolean {
  if (!address.every((bit) => bit === '0' || bit === '1')) return false;
  const value = Number.parseInt([...address].reverse().join(''), 2);
  return value >= offset && value < offset + size;
}

function bits(value: number, width: number): Bit[] {
  return Array.from({ length: width }, (_, at) => (Math.floor(value / 2 ** at) % 2 === 1 ? '1' : '0'));
}

function parametersOf(widths: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(widths).map(([key, value]) => [key, value.toString(2).padStart(32, '0')]));
}

function compare(type: '$lt' | '$ge', address: readonly Bit[], bound: number, output: readonly Bit[]): Cells[string] {
  const width = Math.max(33, address.length);
  return {
    type,
    parameters: parametersOf({ A_SIGNED: 0, A_WIDTH: address.length, B_SIGNED: 0, B_WIDTH: width, Y_WIDTH: 1 }),
    connections: { A: address, B: bits(bound, width), Y: output },
  };
}

function unlessUnknown(value: readonly Bit[], unknown: readonly Bit[], output: readonly Bit[]): Cells[string] {
  return {
    type: '$mux',
    parameters: parametersOf({ WIDTH: value.length }),
    connections: { A: value, B: value.map(() => 'x' as const), S: unknown, Y: output },
  };
}
