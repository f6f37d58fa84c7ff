import { Aig, FALSE, TRUE, not, type Literal } from './aig.js';
import { Circuit, type Time, type Timing } from './circuit.js';
import { differs, Merged, ThreeValued, TwoValued, type Rails } from './logic.js';
import { asRegister, type Bit, type Cell, type Netlist } from './netlist.js';

/** Two circuits over the same inputs, and a signal that says when they differ. */
export interface Miter {
  readonly aig: Aig;
  /** 1 when some output bit of the reference is known and the response's differs. */
  readonly bad: Literal;
  readonly inputs: readonly { readonly name: string; readonly bits: readonly Literal[] }[];
  readonly outputs: readonly {
    readonly name: string;
    readonly expected: readonly Rails[];
    readonly got: readonly Literal[];
  }[];
  /** What the registers of either side hold. */
  readonly state: { readonly expected: readonly Rails[]; readonly got: readonly Literal[] };
  /** `combinational` where neither side holds state. */
  readonly timing: Timing | 'combinational';
  /** The clock of cycle timing; it is not among the inputs. */
  readonly clock: Clock | null;
  /** Whether the clock has its edge at the end of a step; constant 1 where only edges matter. */
  readonly tick: Literal;
}

export interface Clock {
  readonly port: string;
  readonly rising: boolean;
}

/** A reset that is held at the start, for `cycles` edges of every clock, and never given again. */
export interface ResetSequence {
  readonly port: string;
  readonly activeLow: boolean;
  readonly cycles: number;
}

export interface MiterOptions {
  readonly maxNodes: number;
  /** Without one, resets are inputs like others, free in every step. */
  readonly reset: ResetSequence | null;
  /** Power-on value of the response's registers that have none: any, or 0. */
  readonly powerOn: 'any' | 'zero';
  /** By the reference's registers: those of the response that they are taken to agree with. */
  readonly merge?: readonly (RegisterPair | undefined)[];
  /** The miter from which `merge` was made: registers have its numbers under its timing alone. */
  readonly like?: Pick<Miter, 'timing' | 'clock'>;
}

/** Numbers of two registers in `Miter.state`. */
export interface RegisterPair {
  readonly expected: number;
  readonly got: number;
  /** Whether the one holds the inverse of the other. */
  readonly inverted: boolean;
}

/** Joins reference and response, whose ports must agree. Throws `CircuitError` or `TooLargeError`. */
export function makeMiter(reference: Netlist, response: Netlist, options: MiterOptions): Miter {
  if (options.like !== undefined) return join(reference, response, options.like.timing, options.like.clock, options);
  const registers = [reference, response].flatMap((each) => clocksOf(each));
  const stateful = registers.length > 0;
  if (!stateful) return join(reference, response, 'combinational', null, options);
  const clocks = registers.filter((each) => each !== 'latch');
  const [first] = clocks;
  const single = clocks.every(
    (each) =>
      each !== null && first && each.bit === first.bit && each.rising === first.rising && each.port === first.port,
  );
  if (!single) return join(reference, response, 'event', null, options);
  if (first === null || first === undefined) return join(reference, response, 'cycle', null, options);
  const made = join(reference, response, 'cycle', first, options);
  const clock = made.inputs.find(({ name }) => name === first.port)!.bits[first.bit]!;
  const read = [made.bad, ...made.outputs.flatMap(({ got }) => got), ...made.outputs.flatMap(rails)];
  return made.aig.isUsed(clock >> 1, read) ? join(reference, response, 'event', null, options) : made;
}

function rails({ expected }: Miter['outputs'][number]): Literal[] {
  return expected.flatMap(({ can1, can0 }) => [can1, can0]);
}

interface ClockBit extends Clock {
  readonly bit: number;
}

/** The input bit and edge behind each flip-flop, or null for a clock that is computed. */
export function clocksOf(netlist: Netlist): (ClockBit | 'latch' | null)[] {
  return netlist.cells.flatMap((cell) => {
    const register = asRegister(cell);
    if (register === null) return [];
    return [register.clock === null ? 'latch' : originOf(netlist, register.clock.bit, register.clock.rising)];
  });
}

/** The input bit that a wire follows through inverters and buffers, and its level where the wire is `level`. */
export function originOf(netlist: Netlist, wire: Bit, level: boolean): ClockBit | null {
  let [bit, rising] = [wire, level];
  for (let steps = 0; steps < MAX_BUFFERS; steps++) {
    for (const port of netlist.ports) {
      const at = port.direction === 'input' && typeof bit === 'number' ? port.bits.indexOf(bit) : -1;
      if (at >= 0) return { port: port.name, bit: at, rising };
    }
    const cell = netlist.cells.find(({ connections }) => connections['Y']?.[0] === bit);
    if (cell?.type !== '$_NOT_' && cell?.type !== '$_BUF_') return null;
    bit = cell.connections['A']![0]!;
    rising = cell.type === '$_NOT_' ? !rising : rising;
  }
  return null;
}

/** Inverters and buffers in a row that are followed. */
const MAX_BUFFERS = 100;

function join(
  reference: Netlist,
  response: Netlist,
  timing: Miter['timing'],
  clock: Clock | null,
  options: MiterOptions,
): Miter {
  const aig = new Aig(options.maxNodes);
  const started = timing === 'combinational' ? TRUE : aig.latch(false);
  if (started !== TRUE) aig.setNext(started, TRUE);
  const inputs = reference.ports
    .filter(({ direction }) => direction === 'input')
    .map(({ name, bits }) => ({ name, bits: bits.map(() => aig.input()) }));
  const named = new Map(inputs.map(({ name, bits }) => [name, bits]));
  // Between two edges inputs may change more than once; that shows where state does not wait for the clock.
  const waits = [reference, response].every((each) => each.cells.every((cell) => waitsForClock(cell)));
  const time: Time = {
    timing: timing === 'event' ? timing : 'cycle',
    started,
    tick: timing === 'cycle' && !waits ? aig.input() : TRUE,
  };
  if (options.reset !== null) {
    const edges = timing === 'event' ? clockEdges(aig, reference, named, started) : [clock === null ? TRUE : time.tick];
    named.set(options.reset.port, [sequence(aig, options.reset, edges)]);
  }
  const two = new TwoValued(aig, options.powerOn === 'zero');
  const gate = new Circuit<Literal>(response, two, time, named);
  const partners = options.merge?.map(
    (pair) => pair && { register: two.registers[pair.got]!, inverted: pair.inverted },
  );
  const three = partners === undefined ? new ThreeValued(aig) : new Merged(aig, partners);
  const gold = new Circuit<Rails>(reference, three, time, named);
  const ports = new Map(response.ports.map(({ name, bits }) => [name, bits]));
  const outputs = reference.ports
    .filter(({ direction }) => direction === 'output')
    .map(({ name, bits }) => ({
      name,
      expected: bits.map((bit) => gold.value(bit)),
      got: ports.get(name)!.map((bit) => gate.value(bit)),
    }));
  const bad = outputs
    .flatMap(({ expected, got }) => expected.map((rail, at) => differs(aig, rail, got[at]!)))
    .concat(three instanceof Merged ? three.obligations : [])
    .reduce((any, one) => aig.or(any, one), FALSE);
  const shown = inputs.filter(({ name }) => name !== options.reset?.port);
  const held = options.reset === null ? [] : [{ name: options.reset.port, bits: named.get(options.reset.port)! }];
  return {
    aig,
    bad,
    inputs: [...shown, ...held],
    tick: time.tick,
    outputs,
    state: { expected: gold.state, got: gate.state },
    timing,
    clock,
  };
}

function waitsForClock(cell: Cell): boolean {
  const register = asRegister(cell);
  return register === null || (register.clock !== null && register.overrides.length === 0);
}

/** By clock of the reference that is an input: whether it has its edge in a step. A step is one where none is. */
function clockEdges(
  aig: Aig,
  reference: Netlist,
  inputs: ReadonlyMap<string, readonly Literal[]>,
  started: Literal,
): Literal[] {
  const clocks = clocksOf(reference).flatMap((each) => (each === null || each === 'latch' ? [] : [each]));
  const levels = new Set(clocks.map(({ port, bit, rising }) => inputs.get(port)![bit]! ^ (rising ? 0 : 1)));
  const edges = [...levels].map((level) => {
    const before = aig.latch(false);
    aig.setNext(before, level);
    return aig.and(started, aig.and(level, not(before)));
  });
  return edges.length === 0 ? [TRUE] : edges;
}

/** A signal that is active until each of `edges` has come `cycles` times, and inactive for ever after. */
function sequence(aig: Aig, { activeLow, cycles }: ResetSequence, edges: readonly Literal[]): Literal {
  const over = edges.map((edge) => {
    let past: Literal = TRUE;
    for (let count = 0; count < cycles; count++) {
      const reached = aig.latch(false);
      aig.setNext(reached, aig.mux(edge, past, reached));
      past = reached;
    }
    return past;
  });
  const all = over.reduce((both, one) => aig.and(both, one), TRUE);
  return activeLow ? all : not(all);
}
