import { FALSE, TRUE, not, type Aig, type Literal } from './aig.js';

/** Constants of a netlist: `x` is unknown, `z` undriven. */
export type Constant = '0' | '1' | 'x' | 'z';

/** What a wire carries, and how gates act on it. Two readings of one netlist follow. */
export interface Logic<Value> {
  constant(value: Constant): Value;
  known(literal: Literal): Value;
  not(a: Value): Value;
  and(a: Value, b: Value): Value;
  mux(select: Value, chosen: Value, other: Value): Value;
  /** Four-state equality (`===`) of one bit. */
  same(a: Value, b: Value): Value;
  /** A register that holds `initial` in the first step; `started` is 0 in that step and 1 in all others. */
  register(initial: Constant, started: Literal): { readonly value: Value; next(value: Value): void };
}

/** A bit that can be 0, can be 1, or both (unknown). */
export interface Rails {
  readonly can1: Literal;
  readonly can0: Literal;
}

/**
 * Three-valued logic for the reference: an unknown spreads as far as Kleene's tables say, so that what comes out
 * known holds for every value of it. Registers without an initial value start unknown.
 */
export class ThreeValued implements Logic<Rails> {
  constructor(private readonly aig: Aig) {}

  constant(value: Constant): Rails {
    return { can1: value === '0' ? FALSE : TRUE, can0: value === '1' ? FALSE : TRUE };
  }

  known(literal: Literal): Rails {
    return { can1: literal, can0: not(literal) };
  }

  not({ can1, can0 }: Rails): Rails {
    return { can1: can0, can0: can1 };
  }

  and(a: Rails, b: Rails): Rails {
    return { can1: this.aig.and(a.can1, b.can1), can0: this.aig.or(a.can0, b.can0) };
  }

  mux(select: Rails, chosen: Rails, other: Rails): Rails {
    // Where nothing can be unknown, the reference has the form that the response has.
    if (isKnown(select) && isKnown(chosen) && isKnown(other)) {
      return this.known(this.aig.mux(select.can1, chosen.can1, other.can1));
    }
    const pick = (rail: keyof Rails): Literal =>
      this.aig.or(this.aig.and(select.can1, chosen[rail]), this.aig.and(select.can0, other[rail]));
    return { can1: pick('can1'), can0: pick('can0') };
  }

  same(a: Rails, b: Rails): Rails {
    if (isKnown(a) && isKnown(b)) return this.known(not(this.aig.xor(a.can1, b.can1)));
    const equal = (rail: keyof Rails): Literal => not(this.aig.xor(a[rail], b[rail]));
    return this.known(this.aig.and(equal('can1'), equal('can0')));
  }

  register(initial: Constant): { value: Rails; next(value: Rails): void } {
    const first = this.constant(initial);
    const value = { can1: this.aig.latch(first.can1 === TRUE), can0: this.aig.latch(first.can0 === TRUE) };
    return {
      value,
      next: (next) => {
        this.aig.setNext(value.can1, next.can1);
        this.aig.setNext(value.can0, next.can0);
      },
    };
  }
}

function isKnown({ can1, can0 }: Rails): boolean {
  return can0 === not(can1);
}

/**
 * The logic of `ThreeValued`, but for registers that are taken to hold what a register of the response holds. That is
 * one of the values that an unknown may have, so what is shown for it holds; `obligations` must never become 1.
 */
export class Merged extends ThreeValued {
  readonly obligations: Literal[] = [];
  private made = 0;

  /** @param partners by the reference's registers in the order in which they are made */
  constructor(
    private readonly graph: Aig,
    private readonly partners: readonly (Partner | undefined)[],
  ) {
    super(graph);
  }

  override register(initial: Constant): { value: Rails; next(value: Rails): void } {
    const partner = this.partners[this.made++];
    if (partner === undefined || !compatible(initial, partner)) return super.register(initial);
    const flip = partner.inverted ? 1 : 0;
    return {
      value: this.known(partner.register.value ^ flip),
      next: (next) => this.obligations.push(differs(this.graph, next, partner.register.next ^ flip)),
    };
  }
}

/** A register of the response that agreed with one of the reference, perhaps inverted. */
export interface Partner {
  readonly register: TwoValuedRegister;
  readonly inverted: boolean;
}

export interface TwoValuedRegister {
  readonly value: Literal;
  readonly initial: '0' | '1' | 'x';
  next: Literal;
}

function compatible(initial: Constant, { register, inverted }: Partner): boolean {
  if (initial !== '0' && initial !== '1') return true;
  return register.initial === (inverted === (initial === '1') ? '0' : '1');
}

/** Known on the left, and the other value on the right. */
export function differs(aig: Aig, { can1, can0 }: Rails, got: Literal): Literal {
  return aig.or(aig.and(not(can0), not(got)), aig.and(not(can1), got));
}

/**
 * Two-valued logic for the response, as hardware is: every unknown is a fresh input, so that what is proved holds
 * whatever it turns out to be. `===` against an unknown is 0.
 */
export class TwoValued implements Logic<Literal> {
  /** Inputs that stand for unknowns. */
  readonly free: Literal[] = [];
  private readonly unknown = new Set<Literal>();
  /** Its registers in the order in which they were made. */
  readonly registers: TwoValuedRegister[] = [];

  /** @param zeroStart whether registers without an initial value start at 0 instead of any value */
  constructor(
    private readonly aig: Aig,
    private readonly zeroStart: boolean,
  ) {}

  constant(value: Constant): Literal {
    if (value === '0') return FALSE;
    if (value === '1') return TRUE;
    const literal = this.fresh();
    this.unknown.add(literal);
    return literal;
  }

  known(literal: Literal): Literal {
    return literal;
  }

  not(a: Literal): Literal {
    return not(a);
  }

  and(a: Literal, b: Literal): Literal {
    return this.aig.and(a, b);
  }

  mux(select: Literal, chosen: Literal, other: Literal): Literal {
    return this.aig.mux(select, chosen, other);
  }

  same(a: Literal, b: Literal): Literal {
    return this.unknown.has(a) || this.unknown.has(b) ? FALSE : not(this.aig.xor(a, b));
  }

  register(initial: Constant, started: Literal): { value: Literal; next(value: Literal): void } {
    const latch = this.aig.latch(initial === '1');
    const any = (initial === 'x' || initial === 'z') && !this.zeroStart;
    const value = any ? this.aig.mux(started, latch, this.fresh()) : latch;
    const register: TwoValuedRegister = { value, initial: any ? 'x' : initial === '1' ? '1' : '0', next: value };
    this.registers.push(register);
    return {
      value,
      next: (next) => {
        register.next = next;
        this.aig.setNext(latch, next);
      },
    };
  }

  private fresh(): Literal {
    const literal = this.aig.input();
    this.free.push(literal);
    return literal;
  }
}
