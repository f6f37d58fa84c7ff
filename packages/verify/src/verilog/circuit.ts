import type { Literal } from './aig.js';
import type { Logic } from './logic.js';
import {
  asRegister,
  choicesOf,
  gates,
  isGate,
  isWordOperator,
  type Bit,
  type Cell,
  type GateType,
  type Netlist,
  type Register,
} from './netlist.js';
import { Words, type Operand, type WordOperator } from './words.js';

/**
 * How time is read. `cycle`: every flip-flop has the same clock, which is no signal otherwise; a step is a setting of
 * the inputs and then, where `tick` is 1, one active edge. `event`: a step is any change of the inputs, clocks among them; registers see edges and take what
 * their data was before.
 */
export type Timing = 'cycle' | 'event';

/** The signals by which a circuit's registers move. */
export interface Time {
  readonly timing: Timing;
  /** 0 in the first step and 1 in all others. */
  readonly started: Literal;
  /** Whether the clock has its edge at the end of the step; cycle timing only. */
  readonly tick: Literal;
}

/** The circuit cannot be modelled, for a reason that is the author's affair. */
export class CircuitError extends Error {
  override readonly name = 'CircuitError';
  constructor(
    readonly reason: 'combinational-loop' | 'multiple-drivers' | 'unsupported',
    message: string,
  ) {
    super(message);
  }
}

interface Held<Value> {
  readonly register: Register;
  readonly value: Value;
  readonly next: (value: Value) => void;
  /** In event timing: the data and the clock of the step before. */
  readonly past: { readonly data: Past<Value>; readonly clock: Past<Value> } | null;
}

type Past<Value> = ReturnType<Logic<Value>['register']>;

interface Frame {
  readonly bit: number;
  readonly needs: readonly Bit[];
  at: number;
}

/** Translates one netlist into a graph, under one reading of its logic. */
export class Circuit<Value> {
  private readonly values = new Map<Bit, Value>();
  private readonly drivers = new Map<number, Cell | Held<Value>>();
  private readonly registers: Held<Value>[] = [];
  private readonly words: Words<Value>;

  constructor(
    netlist: Netlist,
    private readonly logic: Logic<Value>,
    private readonly time: Time,
    inputs: ReadonlyMap<string, readonly Literal[]>,
  ) {
    this.words = new Words(logic);
    for (const { name, direction, bits } of netlist.ports) {
      if (direction !== 'input') continue;
      for (const [index, bit] of bits.entries()) this.values.set(bit, logic.known(inputs.get(name)![index]!));
    }
    for (const cell of netlist.cells) this.place(cell, netlist);
    for (const held of this.registers) this.connect(held);
  }

  /** Value of a wire in the current step; one that nothing drives is unknown. */
  value(bit: Bit): Value {
    if (typeof bit !== 'number') return this.logic.constant(bit);
    const known = this.values.get(bit);
    if (known !== undefined) return known;
    const stack: Frame[] = [this.frame(bit)];
    const open = new Set([bit]);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const need = top.needs[top.at++];
      if (need === undefined) {
        this.compute(top.bit);
        open.delete(top.bit);
        stack.pop();
      } else if (typeof need === 'number' && !this.values.has(need)) {
        if (open.has(need))
          throw new CircuitError('combinational-loop', 'a signal depends on itself without a register');
        open.add(need);
        stack.push(this.frame(need));
      }
    }
    return this.values.get(bit)!;
  }

  /** What the registers hold before the step's asynchronous signals act. */
  get state(): readonly Value[] {
    return this.registers.flatMap(({ value, past }) =>
      past === null ? [value] : [value, past.data.value, past.clock.value],
    );
  }

  private place(cell: Cell, netlist: Netlist): void {
    const register = asRegister(cell);
    if (register === null) {
      if (!isGate(cell.type) && !isWordOperator(cell.type) && cell.type !== '$pmux') {
        throw new CircuitError('unsupported', `a cell of type ${cell.type} cannot be modelled`);
      }
      for (const bit of cell.connections['Y'] ?? []) this.drive(bit, cell);
      return;
    }
    const { output } = register;
    if (typeof output !== 'number') return;
    const { started, timing } = this.time;
    const store = this.logic.register(netlist.initial.get(output) ?? 'x', started);
    const before = (): Past<Value> => this.logic.register('0', started);
    const past = timing === 'event' && register.clock !== null ? { data: before(), clock: before() } : null;
    const held: Held<Value> = { register, value: store.value, next: (value) => store.next(value), past };
    this.registers.push(held);
    this.drive(output, held);
  }

  private drive(bit: Bit, driver: Cell | Held<Value>): void {
    if (typeof bit !== 'number') return;
    if (this.drivers.has(bit) || this.values.has(bit)) {
      throw new CircuitError('multiple-drivers', 'a signal has more than one driver');
    }
    this.drivers.set(bit, driver);
  }

  /** Gives a register and what it remembers their next values. */
  private connect({ register, next, past }: Held<Value>): void {
    const now = this.value(register.output);
    if (this.time.timing === 'cycle' && register.clock !== null) {
      const loaded = this.overridden(register, this.value(register.data));
      return next(this.logic.mux(this.logic.known(this.time.tick), loaded, now));
    }
    next(now);
    if (past === null || register.clock === null) return;
    past.data.next(this.value(register.data));
    past.clock.next(this.value(register.clock.bit));
  }

  private frame(bit: number): Frame {
    const driver = this.drivers.get(bit);
    if (driver === undefined) return { bit, needs: [], at: 0 };
    if ('type' in driver) return { bit, needs: operandsOf(driver, bit), at: 0 };
    const { clock, enable, data, overrides } = driver.register;
    const needs: Bit[] = overrides.flatMap(({ when, value }) => [when, value]);
    if (this.time.timing === 'event' && clock !== null) needs.push(clock.bit);
    if (enable !== null) needs.push(enable.bit, data);
    return { bit, needs, at: 0 };
  }

  /** Sets the value of a wire whose needs are all known, and of the others that its driver drives. */
  private compute(bit: number): void {
    const driver = this.drivers.get(bit);
    if (driver === undefined) this.values.set(bit, this.logic.constant('x'));
    else if ('register' in driver) this.values.set(bit, this.visible(driver));
    else if (isWordOperator(driver.type)) this.computeWord(driver, driver.type);
    else if (driver.type === '$pmux') this.values.set(bit, this.choose(driver, bit));
    else {
      const [a, b, c] = operandsOf(driver, bit).map((operand) => this.value(operand));
      this.values.set(bit, this.gate(driver.type as GateType, a!, b!, c!));
    }
  }

  private choose(cell: Cell, output: number): Value {
    const [otherwise, ...choices] = choicesOf(cell, output).map((each) => this.value(each)) as [Value, ...Value[]];
    let value = otherwise;
    for (let at = choices.length - 2; at >= 0; at -= 2) value = this.logic.mux(choices[at]!, choices[at + 1]!, value);
    return value;
  }

  private computeWord({ connections, signed }: Cell, operator: WordOperator): void {
    const operand = (pin: 'A' | 'B', index: 0 | 1): Operand<Value> => ({
      bits: (connections[pin] ?? []).map((each) => this.value(each)),
      signed: signed[index],
    });
    const outputs = connections['Y']!;
    const result = this.words.compute(operator, operand('A', 0), operand('B', 1), outputs.length);
    for (const [at, output] of outputs.entries()) this.values.set(output, result[at]!);
  }

  private visible({ register, value, past }: Held<Value>): Value {
    const { logic } = this;
    const { clock, enable } = register;
    if (past !== null && clock !== null) {
      const [now, before] = [this.value(clock.bit), past.clock.value];
      const crossed = clock.rising ? logic.and(now, logic.not(before)) : logic.and(logic.not(now), before);
      const edge = logic.and(logic.known(this.time.started), crossed);
      return this.overridden(register, logic.mux(edge, past.data.value, value));
    }
    if (enable === null) return this.overridden(register, value);
    const open = enable.active ? this.value(enable.bit) : logic.not(this.value(enable.bit));
    return this.overridden(register, logic.mux(open, this.value(register.data), value));
  }

  private overridden({ overrides }: Register, base: Value): Value {
    return overrides.reduceRight((rest, { when, active, value }) => {
      const signal = this.value(when);
      return this.logic.mux(active ? signal : this.logic.not(signal), this.value(value), rest);
    }, base);
  }

  private gate(type: GateType, a: Value, b: Value, c: Value): Value {
    const { logic } = this;
    const or = (p: Value, q: Value): Value => logic.not(logic.and(logic.not(p), logic.not(q)));
    switch (type) {
      case '$_BUF_':
        return a;
      case '$_NOT_':
        return logic.not(a);
      case '$_AND_':
        return logic.and(a, b);
      case '$_NAND_':
        return logic.not(logic.and(a, b));
      case '$_OR_':
        return or(a, b);
      case '$_NOR_':
        return logic.not(or(a, b));
      case '$_XOR_':
        return logic.mux(a, logic.not(b), b);
      case '$_XNOR_':
        return logic.mux(a, b, logic.not(b));
      case '$_ANDNOT_':
        return logic.and(a, logic.not(b));
      case '$_ORNOT_':
        return or(a, logic.not(b));
      case '$_MUX_':
        return logic.mux(a, b, c);
      case '$_NMUX_':
        return logic.not(logic.mux(a, b, c));
      case '$__SAME_':
        return logic.same(a, b);
    }
  }
}

/** Wires that one output bit of a cell depends on. */
function operandsOf(cell: Cell, output: number): readonly Bit[] {
  const { type, connections } = cell;
  if (type === '$pmux') return choicesOf(cell, output);
  if (isGate(type)) return gates[type].map((pin) => connections[pin]?.[0] ?? 'x');
  return [...(connections['A'] ?? []), ...(connections['B'] ?? [])];
}
