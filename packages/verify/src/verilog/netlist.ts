import type { Constant } from './logic.js';
import { wordOperators, type WordOperator } from './words.js';

/** A wire of a netlist by its number, or a constant. */
export type Bit = number | Constant;

export interface Port {
  readonly name: string;
  readonly direction: 'input' | 'output';
  /** Least significant first. */
  readonly bits: readonly Bit[];
}

export interface Cell {
  readonly type: string;
  readonly connections: Readonly<Record<string, readonly Bit[]>>;
  /** Whether its operands A and B are signed. */
  readonly signed: readonly [a: boolean, b: boolean];
}

/** One flat module of single-bit gates, registers and word operators. */
export interface Netlist {
  readonly name: string;
  readonly ports: readonly Port[];
  readonly cells: readonly Cell[];
  /** First value of wires that a register drives. */
  readonly initial: ReadonlyMap<number, Constant>;
}

/** The parts of yosys' JSON that are read. */
export interface YosysJson {
  readonly modules: Readonly<
    Record<
      string,
      {
        readonly attributes?: Readonly<Record<string, string>>;
        readonly ports: Readonly<Record<string, { direction: string; bits: readonly Bit[]; signed?: number }>>;
        readonly cells: Readonly<
          Record<
            string,
            { type: string; connections: Record<string, readonly Bit[]>; parameters: Record<string, string> }
          >
        >;
        readonly netnames: Readonly<Record<string, { bits: readonly Bit[]; attributes: Record<string, string> }>>;
      }
    >
  >;
}

/** The only module of yosys' JSON, which must have been flattened. */
export function readNetlist(json: YosysJson): Netlist {
  const [found] = Object.entries(json.modules);
  if (found === undefined) throw new Error('readNetlist: a netlist must hold a module, got none');
  const [name, { ports, cells, netnames }] = found;
  const initial = new Map<number, Constant>();
  for (const { bits, attributes } of Object.values(netnames)) {
    const values = attributes['init'];
    if (values === undefined) continue;
    for (const [index, bit] of bits.entries()) {
      const value = values.at(-1 - index);
      if (typeof bit === 'number' && (value === '0' || value === '1')) initial.set(bit, value);
    }
  }
  return {
    name,
    ports: Object.entries(ports).map(([port, { direction, bits }]) => ({
      name: port,
      direction: direction === 'input' ? 'input' : 'output',
      bits,
    })),
    cells: Object.values(cells).map(({ type, connections, parameters }) => ({
      type,
      connections,
      signed: [isSet(parameters['A_SIGNED']), isSet(parameters['B_SIGNED'])],
    })),
    initial,
  };
}

function isSet(parameter: string | undefined): boolean {
  return parameter !== undefined && /1$/.test(parameter);
}

/** What a gate computes from single-bit operands, by cell type; the order of the operands follows. */
export const gates = {
  $_BUF_: ['A'],
  $_NOT_: ['A'],
  $_AND_: ['A', 'B'],
  $_NAND_: ['A', 'B'],
  $_OR_: ['A', 'B'],
  $_NOR_: ['A', 'B'],
  $_XOR_: ['A', 'B'],
  $_XNOR_: ['A', 'B'],
  $_ANDNOT_: ['A', 'B'],
  $_ORNOT_: ['A', 'B'],
  $_MUX_: ['S', 'B', 'A'],
  $_NMUX_: ['S', 'B', 'A'],
  // Put in by this package's own mapping: one bit of four-state equality.
  $__SAME_: ['A', 'B'],
} as const satisfies Record<string, readonly string[]>;

export type GateType = keyof typeof gates;

export function isGate(type: string): type is GateType {
  return Object.hasOwn(gates, type);
}

export function isWordOperator(type: string): type is WordOperator {
  return (wordOperators as readonly string[]).includes(type);
}

/** Wires that one bit of a `$pmux` reads: its default, then selector and choice in turn, the first one winning. */
export function choicesOf({ connections }: Cell, output: number): readonly Bit[] {
  const { A = [], B = [], S = [], Y = [] } = connections;
  const at = Y.indexOf(output);
  return [A[at] ?? 'x', ...S.flatMap((select, index): Bit[] => [select, B[index * Y.length + at] ?? 'x'])];
}

/** While `when` has the level `active`, a register holds `value` whatever its clock does. */
export interface Override {
  readonly when: Bit;
  readonly active: boolean;
  readonly value: Bit;
}

/** A register: a flip-flop has a clock, a latch an enable; overrides come first, the earlier before the later. */
export interface Register {
  readonly output: Bit;
  readonly data: Bit;
  readonly clock: { readonly bit: Bit; readonly rising: boolean } | null;
  readonly enable: { readonly bit: Bit; readonly active: boolean } | null;
  readonly overrides: readonly Override[];
}

const registerTypes: readonly (readonly [RegExp, 'C' | 'E' | null, 'none' | 'reset' | 'load' | 'set-reset'])[] = [
  [/^\$_DFF_([NP])_$/, 'C', 'none'],
  [/^\$_DFF_([NP])([NP])([01])_$/, 'C', 'reset'],
  [/^\$_ALDFF_([NP])([NP])_$/, 'C', 'load'],
  [/^\$_DFFSR_([NP])([NP])([NP])_$/, 'C', 'set-reset'],
  [/^\$_DLATCH_([NP])_$/, 'E', 'none'],
  [/^\$_DLATCH_([NP])([NP])([01])_$/, 'E', 'reset'],
  [/^\$_DLATCHSR_([NP])([NP])([NP])_$/, 'E', 'set-reset'],
  [/^\$_SR_([NP])([NP])_$/, null, 'set-reset'],
];

/** A cell as a register; null for any other cell. */
export function asRegister({ type, connections }: Cell): Register | null {
  for (const [pattern, control, overrides] of registerTypes) {
    const found = pattern.exec(type);
    if (found === null) continue;
    const pin = (name: string): Bit => connections[name]?.[0] ?? 'x';
    const levels = found.slice(1);
    const level = control === null ? null : levels.shift() === 'P';
    const [first, second] = levels;
    const forced: Override[] = [];
    if (overrides === 'reset') {
      forced.push({ when: pin('R'), active: first === 'P', value: second === '1' ? '1' : '0' });
    } else if (overrides === 'load') {
      forced.push({ when: pin('L'), active: first === 'P', value: pin('AD') });
    } else if (overrides === 'set-reset') {
      forced.push({ when: pin('R'), active: second === 'P', value: '0' });
      forced.push({ when: pin('S'), active: first === 'P', value: '1' });
    }
    return {
      output: pin('Q'),
      data: pin('D'),
      clock: control === 'C' ? { bit: pin('C'), rising: level === true } : null,
      enable: control === 'E' ? { bit: pin('E'), active: level === true } : null,
      overrides: forced,
    };
  }
  return null;
}
