import type { Logic } from './logic.js';

/** Operators on words that yosys keeps whole; bit 0 is the least significant. */
export const wordOperators = [
  '$add',
  '$sub',
  '$neg',
  '$mul',
  '$div',
  '$mod',
  '$divfloor',
  '$modfloor',
  '$lt',
  '$le',
  '$gt',
  '$ge',
  '$shl',
  '$sshl',
  '$shr',
  '$sshr',
  '$shift',
  '$shiftx',
] as const;

export type WordOperator = (typeof wordOperators)[number];

/** An operand and how it is extended. */
export interface Operand<Value> {
  readonly bits: readonly Value[];
  readonly signed: boolean;
}

type Word<Value> = readonly Value[];

/** Word operators from single-bit ones, as the language defines them: what has no value is unknown. */
export class Words<Value> {
  private readonly zero: Value;
  private readonly one: Value;

  constructor(private readonly logic: Logic<Value>) {
    this.zero = logic.constant('0');
    this.one = logic.constant('1');
  }

  /** `width` bits of an operator; `$neg` takes its operand as `a` and no bits as `b`. */
  compute(operator: WordOperator, a: Operand<Value>, b: Operand<Value>, width: number): Word<Value> {
    const signed = a.signed && b.signed;
    const full = Math.max(a.bits.length, b.bits.length, width);
    const [x, y] = [this.extend(a.bits, signed, full), this.extend(b.bits, signed, full)];
    switch (operator) {
      case '$add':
        return this.add(x, y, this.zero).slice(0, width);
      case '$sub':
        return this.add(x, this.invert(y), this.one).slice(0, width);
      case '$neg':
        return this.negate(this.extend(a.bits, a.signed, width));
      case '$mul':
        return this.multiply(x.slice(0, width), y.slice(0, width));
      case '$div':
      case '$mod':
      case '$divfloor':
      case '$modfloor':
        return this.divide(operator, x, y, signed).slice(0, width);
      case '$lt':
        return this.flag(this.less(x, y, signed), width);
      case '$gt':
        return this.flag(this.less(y, x, signed), width);
      case '$ge':
        return this.flag(this.logic.not(this.less(x, y, signed)), width);
      case '$le':
        return this.flag(this.logic.not(this.less(y, x, signed)), width);
      default:
        return this.shift(operator, a, b, width);
    }
  }

  private extend(bits: Word<Value>, signed: boolean, width: number): Value[] {
    const fill = signed ? (bits.at(-1) ?? this.zero) : this.zero;
    return Array.from({ length: width }, (_, at) => bits[at] ?? fill);
  }

  private flag(value: Value, width: number): Value[] {
    return this.extend([value], false, width);
  }

  /** Another one each time: two unknown bits need not agree. */
  private unknown(): Value {
    return this.logic.constant('x');
  }

  private invert(bits: Word<Value>): Value[] {
    return bits.map((bit) => this.logic.not(bit));
  }

  /** Sum of two words of one width and a carry, with the carry out as the last bit. */
  private add(a: Word<Value>, b: Word<Value>, carry: Value): Value[] {
    const { logic } = this;
    let rest = carry;
    const sum = a.map((bit, at) => {
      const other = b[at]!;
      const half = this.xor(bit, other);
      const out = this.xor(half, rest);
      rest = logic.mux(half, rest, bit);
      return out;
    });
    return [...sum, rest];
  }

  private xor(a: Value, b: Value): Value {
    return this.logic.mux(a, this.logic.not(b), b);
  }

  private or(a: Value, b: Value): Value {
    return this.logic.not(this.logic.and(this.logic.not(a), this.logic.not(b)));
  }

  private negate(bits: Word<Value>): Value[] {
    const zeros = bits.map(() => this.zero);
    return this.add(this.invert(bits), zeros, this.one).slice(0, bits.length);
  }

  private multiply(a: Word<Value>, b: Word<Value>): Value[] {
    const { length } = a;
    let sum: Value[] = a.map(() => this.zero);
    for (const [at, bit] of b.entries()) {
      const row = a.map((_, column) => (column < at ? this.zero : this.logic.and(bit, a[column - at]!)));
      sum = this.add(sum, row, this.zero).slice(0, length);
    }
    return sum;
  }

  /** Whether a < b: the borrow of a - b, with the sign bits exchanged for signed words. */
  private less(a: Word<Value>, b: Word<Value>, signed: boolean): Value {
    const last = a.length - 1;
    const swap = (own: Word<Value>, other: Word<Value>): Value[] =>
      own.map((bit, at) => (signed && at === last ? other[at]! : bit));
    return this.logic.not(this.add(swap(a, b), this.invert(swap(b, a)), this.one).at(-1)!);
  }

  private divide(
    operator: '$div' | '$mod' | '$divfloor' | '$modfloor',
    a: Word<Value>,
    b: Word<Value>,
    signed: boolean,
  ): Value[] {
    const { logic, zero } = this;
    const [aNegative, bNegative] = signed ? [a.at(-1)!, b.at(-1)!] : [zero, zero];
    const [quotient, rest] = this.divideUnsigned(this.absolute(a, aNegative), this.absolute(b, bNegative));
    const differ = this.xor(aNegative, bNegative);
    const nonZero = rest.reduce((any, bit) => this.or(any, bit), zero);
    const floored = operator === '$divfloor' || operator === '$modfloor';
    const adjust = floored ? logic.and(differ, nonZero) : zero;
    const signedRest = this.absolute(rest, aNegative);
    const step = (word: Word<Value>, by: Word<Value>): Value[] =>
      this.add(
        word,
        by.map((bit) => logic.and(bit, adjust)),
        zero,
      ).slice(0, word.length);
    const value =
      operator === '$div' || operator === '$divfloor'
        ? step(
            this.absolute(quotient, differ),
            a.map(() => this.one),
          )
        : step(signedRest, b);
    const byZero = logic.not(b.reduce((any, bit) => this.or(any, bit), zero));
    return byZero === zero ? value : value.map((bit) => logic.mux(byZero, this.unknown(), bit));
  }

  /** The word negated where `negative` is 1. */
  private absolute(bits: Word<Value>, negative: Value): Value[] {
    const negated = this.negate(bits);
    return bits.map((bit, at) => this.logic.mux(negative, negated[at]!, bit));
  }

  private divideUnsigned(a: Word<Value>, b: Word<Value>): [quotient: Value[], rest: Value[]] {
    const quotient = a.map(() => this.zero);
    const divisor = [...b, this.zero];
    let rest: Value[] = divisor.map(() => this.zero);
    for (let at = a.length - 1; at >= 0; at--) {
      rest = [a[at]!, ...rest.slice(0, -1)];
      const difference = this.add(rest, this.invert(divisor), this.one);
      const fits = difference.at(-1)!;
      quotient[at] = fits;
      rest = rest.map((bit, index) => this.logic.mux(fits, difference[index]!, bit));
    }
    return [quotient, rest.slice(0, a.length)];
  }

  private shift(
    operator: '$shl' | '$sshl' | '$shr' | '$sshr' | '$shift' | '$shiftx',
    a: Operand<Value>,
    b: Operand<Value>,
    width: number,
  ): Word<Value> {
    const full = Math.max(a.bits.length, width);
    if (operator === '$shiftx') {
      const padded = Array.from({ length: full }, (_, at) => a.bits[at] ?? this.unknown());
      return this.signedShift(padded, b, () => this.unknown(), width);
    }
    const zero = (): Value => this.zero;
    const word = this.extend(a.bits, a.signed, full);
    if (operator === '$shl' || operator === '$sshl') return this.left(word, b.bits, zero).slice(0, width);
    if (operator === '$shift') return this.signedShift(word, b, zero, width);
    const sign = operator === '$sshr' && a.signed ? word.at(-1)! : this.zero;
    return this.right(word, b.bits, () => sign, width);
  }

  /** To the right, or to the left by the magnitude of a negative amount. */
  private signedShift(word: Word<Value>, amount: Operand<Value>, fill: () => Value, width: number): Value[] {
    const right = this.right(word, amount.bits, fill, width);
    if (!amount.signed) return right;
    const negative = amount.bits.at(-1)!;
    const left = this.left(word, this.negate(amount.bits), fill).slice(0, width);
    return right.map((bit, at) => this.logic.mux(negative, left[at]!, bit));
  }

  private left(word: Word<Value>, amount: Word<Value>, fill: () => Value): Value[] {
    return this.right([...word].reverse(), amount, fill, word.length).reverse();
  }

  /** The low `width` bits; the greatest steps come first, so that few bits remain for the small ones. */
  private right(word: Word<Value>, amount: Word<Value>, fill: () => Value, width: number): Value[] {
    const { logic } = this;
    let steps = 0;
    while (2 ** steps < word.length) steps++;
    const beyond = amount.slice(steps);
    const far = beyond.reduce((any, bit) => this.or(any, bit), this.zero);
    let rest: Word<Value> = word;
    for (let step = Math.min(steps, amount.length) - 1; step >= 0; step--) {
      const wanted = Math.min(rest.length, width + 2 ** step - 1);
      const from = rest;
      rest = Array.from({ length: wanted }, (_, at) =>
        logic.mux(amount[step]!, from[at + 2 ** step] ?? fill(), from[at]!),
      );
    }
    const near = Array.from({ length: width }, (_, at) => rest[at] ?? fill());
    return beyond.length === 0 ? near : near.map((bit) => logic.mux(far, fill(), bit));
  }
}
