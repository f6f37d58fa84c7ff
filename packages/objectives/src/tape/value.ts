import type { Axis } from './axis.js';
import type { Tape } from './tape.js';

/**
 * A column of numbers on a tape, one entry for each of its axis. Operations give new values and never change one; a
 * value of a coarser axis (rollout, group, batch) is spread over the finer axis it is combined with. The backward rule
 * of each operation stands beside it. At a kink (`clip`, `min`, `max`, `abs`) the gradient follows PyTorch, except that
 * a tie of `min` or `max` gives all of it to the left side.
 */
export class Value {
  private grad: Float64Array | undefined;

  constructor(
    readonly tape: Tape,
    readonly axis: Axis,
    /** [axis.size] Read only. */
    readonly data: Float64Array,
    readonly differentiable: boolean,
  ) {}

  /** The gradient array to add to, made on first use. */
  gradient(): Float64Array {
    return (this.grad ??= this.tape.take(this.axis.size));
  }

  releaseGradient(): Float64Array | undefined {
    const { grad } = this;
    this.grad = undefined;
    return grad;
  }

  /** The only entry of a scalar. */
  get scalar(): number {
    if (this.axis.size !== 1) throw new Error(`Value.scalar: got ${this.axis.size} entries of axis ${this.axis.name}`);
    return this.data[0]!;
  }

  /** The same numbers without gradient. */
  detach(): Value {
    return this.tape.constant(this.axis, this.data);
  }

  /** `scale * x + shift` */
  affine(scale: number, shift: number): Value {
    const x = this.data;
    const out = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = scale * x[i]! + shift;
    return this.unary(out, (g, into) => {
      for (let i = 0; i < g.length; i++) into[i]! += scale * g[i]!;
    });
  }

  neg(): Value {
    return this.affine(-1, 0);
  }

  add(other: Value | number): Value {
    if (typeof other === 'number') return this.affine(1, other);
    const [a, b] = this.aligned(other);
    const out = new Float64Array(a.data.length);
    for (let i = 0; i < out.length; i++) out[i] = a.data[i]! + b.data[i]!;
    return this.binary(a, b, out, (g) => {
      if (a.differentiable) accumulate(a.gradient(), g, 1);
      if (b.differentiable) accumulate(b.gradient(), g, 1);
    });
  }

  sub(other: Value | number): Value {
    if (typeof other === 'number') return this.affine(1, -other);
    const [a, b] = this.aligned(other);
    const out = new Float64Array(a.data.length);
    for (let i = 0; i < out.length; i++) out[i] = a.data[i]! - b.data[i]!;
    return this.binary(a, b, out, (g) => {
      if (a.differentiable) accumulate(a.gradient(), g, 1);
      if (b.differentiable) accumulate(b.gradient(), g, -1);
    });
  }

  mul(other: Value | number): Value {
    if (typeof other === 'number') return this.affine(other, 0);
    const [a, b] = this.aligned(other);
    const [x, y] = [a.data, b.data];
    const out = new Float64Array(x.length);
    for (let i = 0; i < out.length; i++) out[i] = x[i]! * y[i]!;
    return this.binary(a, b, out, (g) => {
      if (a.differentiable) accumulateProduct(a.gradient(), g, y);
      if (b.differentiable) accumulateProduct(b.gradient(), g, x);
    });
  }

  div(other: Value | number): Value {
    return typeof other === 'number' ? this.affine(1 / other, 0) : this.mul(other.reciprocal());
  }

  reciprocal(): Value {
    return this.pow(-1);
  }

  /** `x ** exponent` for a constant exponent. */
  pow(exponent: number): Value {
    const x = this.data;
    const out = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = x[i]! ** exponent;
    return this.unary(out, (g, into) => {
      for (let i = 0; i < g.length; i++) into[i]! += g[i]! * exponent * x[i]! ** (exponent - 1);
    });
  }

  square(): Value {
    return this.mul(this);
  }

  exp(): Value {
    const x = this.data;
    const out = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = Math.exp(x[i]!);
    return this.unary(out, (g, into) => accumulateProduct(into, g, out));
  }

  log(): Value {
    const x = this.data;
    const out = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = Math.log(x[i]!);
    return this.unary(out, (g, into) => {
      for (let i = 0; i < g.length; i++) into[i]! += g[i]! / x[i]!;
    });
  }

  abs(): Value {
    const x = this.data;
    const out = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = Math.abs(x[i]!);
    return this.unary(out, (g, into) => {
      for (let i = 0; i < g.length; i++) into[i]! += g[i]! * Math.sign(x[i]!);
    });
  }

  /** `1 / (1 + exp(-x))` */
  sigmoid(): Value {
    const x = this.data;
    const out = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = 1 / (1 + Math.exp(-x[i]!));
    return this.unary(out, (g, into) => {
      for (let i = 0; i < g.length; i++) into[i]! += g[i]! * out[i]! * (1 - out[i]!);
    });
  }

  /** `log(sigmoid(x))`, finite for any finite x. */
  logSigmoid(): Value {
    const x = this.data;
    const out = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = Math.min(x[i]!, 0) - Math.log1p(Math.exp(-Math.abs(x[i]!)));
    return this.unary(out, (g, into) => {
      for (let i = 0; i < g.length; i++) into[i]! += g[i]! / (1 + Math.exp(x[i]!));
    });
  }

  /** Between `low` and `high`; the gradient passes inside and on the bounds. */
  clip(low: number, high: number): Value {
    const x = this.data;
    const out = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) out[i] = Math.min(Math.max(x[i]!, low), high);
    return this.unary(out, (g, into) => {
      for (let i = 0; i < g.length; i++) if (x[i]! >= low && x[i]! <= high) into[i]! += g[i]!;
    });
  }

  min(other: Value | number): Value {
    if (typeof other === 'number') return this.clip(-Infinity, other);
    const [a, b] = this.aligned(other);
    const [x, y] = [a.data, b.data];
    const pick = new Uint8Array(x.length);
    for (let i = 0; i < x.length; i++) pick[i] = x[i]! <= y[i]! ? 1 : 0;
    return select(pick, a, b);
  }

  max(other: Value | number): Value {
    if (typeof other === 'number') return this.clip(other, Infinity);
    const [a, b] = this.aligned(other);
    const [x, y] = [a.data, b.data];
    const pick = new Uint8Array(x.length);
    for (let i = 0; i < x.length; i++) pick[i] = x[i]! >= y[i]! ? 1 : 0;
    return select(pick, a, b);
  }

  /** This value where `condition` is not 0, `otherwise` elsewhere. The condition has no gradient. */
  where(condition: Uint8Array | Value, otherwise: Value | number): Value {
    const other = typeof otherwise === 'number' ? this.filled(otherwise) : otherwise;
    const [a, b] = this.aligned(other);
    const flags = condition instanceof Uint8Array ? Float64Array.from(condition) : condition.to(a.axis).data;
    // A constant on the tape, so that a replay sees the branch that was taken.
    const frozen = this.tape.constant(a.axis, flags).data;
    const pick = new Uint8Array(frozen.length);
    for (let i = 0; i < pick.length; i++) pick[i] = frozen[i] !== 0 ? 1 : 0;
    return select(pick, a, b);
  }

  /** Sum over the entries of each entry of a coarser axis. Entries without members are 0. */
  sum(axis: Axis): Value {
    const x = this.data;
    const out = new Float64Array(axis.size);
    const index = this.indexIn(axis);
    if (index === undefined) {
      let total = 0;
      for (let i = 0; i < x.length; i++) total += x[i]!;
      out[0] = total;
    } else for (let i = 0; i < x.length; i++) out[index[i]!]! += x[i]!;
    const result = new Value(this.tape, axis, out, this.differentiable);
    return this.tape.record(result, (g) => spread(this.gradient(), g, index));
  }

  /** Mean over the entries of each entry of a coarser axis. Entries without members are 0. */
  mean(axis: Axis): Value {
    const counts = new Float64Array(axis.size);
    const index = this.indexIn(axis);
    if (index === undefined) counts[0] = this.axis.size;
    else for (let i = 0; i < index.length; i++) counts[index[i]!]! += 1;
    const weights = counts.map((count) => (count > 0 ? 1 / count : 0));
    return this.sum(axis).mul(this.tape.constant(axis, weights));
  }

  /** The value of the coarser entry that each entry of a finer axis lies in. */
  to(axis: Axis): Value {
    if (axis === this.axis) return this;
    const index = axis === this.tape.batch ? undefined : this.indexFrom(axis);
    const out = new Float64Array(axis.size);
    spread(out, this.data, index);
    const result = new Value(this.tape, axis, out, this.differentiable);
    return this.tape.record(result, (g) => gatherSum(this.gradient(), g, index));
  }

  /** Entry `index[i]` of this value as entry i of `axis`; 0 where the index is negative. */
  gather(axis: Axis, index: Int32Array): Value {
    const x = this.data;
    const out = new Float64Array(axis.size);
    for (let i = 0; i < out.length; i++) if (index[i]! >= 0) out[i] = x[index[i]!]!;
    const result = new Value(this.tape, axis, out, this.differentiable);
    return this.tape.record(result, (g) => {
      const into = this.gradient();
      for (let i = 0; i < g.length; i++) if (index[i]! >= 0) into[index[i]!]! += g[i]!;
    });
  }

  private filled(value: number): Value {
    return this.tape.constant(this.axis, new Float64Array(this.axis.size).fill(value));
  }

  private indexIn(axis: Axis): Int32Array | undefined {
    if (axis === this.tape.batch) return undefined;
    const index = this.axis.within(axis);
    if (index === undefined) throw new Error(`Value: axis ${this.axis.name} does not lie in axis ${axis.name}`);
    return index;
  }

  private indexFrom(axis: Axis): Int32Array | undefined {
    if (this.axis === this.tape.batch) return undefined;
    const index = axis.within(this.axis);
    if (index === undefined) throw new Error(`Value: axis ${axis.name} does not lie in axis ${this.axis.name}`);
    return index;
  }

  /** Both sides on the finer of the two axes. */
  private aligned(other: Value): [Value, Value] {
    if (this.axis === other.axis) return [this, other];
    const finer = other.axis === this.tape.batch || this.axis.within(other.axis) ? this.axis : other.axis;
    return [this.to(finer), other.to(finer)];
  }

  private unary(out: Float64Array, backward: (gradient: Float64Array, into: Float64Array) => void): Value {
    const result = new Value(this.tape, this.axis, out, this.differentiable);
    return this.tape.record(result, (gradient) => backward(gradient, this.gradient()));
  }

  private binary(a: Value, b: Value, out: Float64Array, backward: (gradient: Float64Array) => void): Value {
    return this.tape.record(new Value(this.tape, a.axis, out, a.differentiable || b.differentiable), backward);
  }
}

function select(pick: Uint8Array, a: Value, b: Value): Value {
  const out = new Float64Array(pick.length);
  for (let i = 0; i < out.length; i++) out[i] = pick[i] !== 0 ? a.data[i]! : b.data[i]!;
  const result = new Value(a.tape, a.axis, out, a.differentiable || b.differentiable);
  return a.tape.record(result, (g) => {
    if (a.differentiable) {
      const into = a.gradient();
      for (let i = 0; i < g.length; i++) if (pick[i] !== 0) into[i]! += g[i]!;
    }
    if (b.differentiable) {
      const into = b.gradient();
      for (let i = 0; i < g.length; i++) if (pick[i] === 0) into[i]! += g[i]!;
    }
  });
}

function accumulate(into: Float64Array, gradient: Float64Array, scale: number): void {
  for (let i = 0; i < into.length; i++) into[i]! += scale * gradient[i]!;
}

function accumulateProduct(into: Float64Array, gradient: Float64Array, factor: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += gradient[i]! * factor[i]!;
}

/** `fine[i] += coarse[index[i]]`; without an index the coarse side is a scalar. */
function spread(fine: Float64Array, coarse: Float64Array, index: Int32Array | undefined): void {
  if (index === undefined) {
    const value = coarse[0]!;
    for (let i = 0; i < fine.length; i++) fine[i]! += value;
  } else for (let i = 0; i < fine.length; i++) fine[i]! += coarse[index[i]!]!;
}

/** `coarse[index[i]] += fine[i]`; without an index the coarse side is a scalar. */
function gatherSum(coarse: Float64Array, fine: Float64Array, index: Int32Array | undefined): void {
  if (index === undefined) {
    let total = 0;
    for (let i = 0; i < fine.length; i++) total += fine[i]!;
    coarse[0]! += total;
  } else for (let i = 0; i < fine.length; i++) coarse[index[i]!]! += fine[i]!;
}
