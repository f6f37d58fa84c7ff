import type { Dim, Graph, Value } from './graph.js';

/**
 * Receives the gradient of a value. `contribute` is told what other consumers contributed so far (undefined: nothing)
 * and returns the new total, so that a matrix product can take the sum along for free.
 */
export interface Gradients {
  add(value: Value, contribute: (soFar: Value | undefined) => Value): void;
}

type Backward = (outputGradient: Value, gradients: Gradients) => void;

/**
 * Builds the backward graph: each differentiable op records, beside its forward, how the gradient of its output
 * becomes gradients of its inputs; `backward` replays the records from last to first. A tape that does not record
 * (inference) only emits the forward.
 */
export class Tape {
  private readonly records: { output: Value; backward: Backward }[] = [];
  private readonly parameters = new Map<string, Value>();

  constructor(
    readonly graph: Graph,
    readonly recording: boolean,
  ) {}

  /** A trainable weight, fed by the caller under its own name. */
  parameter(name: string, shape: readonly Dim[]): Value {
    const value = this.graph.input(name, 'f32', shape);
    this.parameters.set(name, value);
    return value;
  }

  record(output: Value, backward: Backward): void {
    if (this.recording) this.records.push({ output, backward });
  }

  /**
   * Emits the backward pass from the given output gradients. For every parameter `w` the graph gets an input `grad:w`
   * (the gradient so far) and an output `sum:w` (the same plus this pass): feeding and fetching one buffer accumulates
   * in place.
   */
  backward(seeds: readonly { readonly of: Value; readonly gradient: Value }[]): void {
    const totals = new Map<string, Value>(seeds.map(({ of, gradient }) => [of.name, gradient]));
    for (const [name, value] of this.parameters) {
      totals.set(name, this.graph.input(`grad:${name}`, 'f32', value.shape));
    }
    const gradients: Gradients = {
      add: (value, contribute) => totals.set(value.name, contribute(totals.get(value.name))),
    };
    for (const { output, backward } of this.records.reverse()) {
      const gradient = totals.get(output.name);
      if (gradient) backward(gradient, gradients);
    }
    for (const name of this.parameters.keys()) this.graph.output(`sum:${name}`, totals.get(name) as Value);
  }

  /** A differentiable view under another shape; see `Graph.reshape`. */
  reshape(x: Value, to: readonly Dim[], shape: readonly Dim[] = to): Value {
    const y = this.graph.reshape(x, to, shape);
    // One dimension at most is symbolic in what the modules reshape, so -1 finds it again.
    const back = x.shape.map((dim) => (typeof dim === 'number' ? dim : -1));
    this.record(y, (dy, gradients) => this.accumulate(gradients, x, this.graph.reshape(dy, back, x.shape)));
    return y;
  }

  /** Multiplies the rows of x [rows, width] by constants [rows, 1]. */
  scaleRows(x: Value, factors: Value): Value {
    const y = this.graph.mul(x, factors);
    this.record(y, (dy, gradients) => this.accumulate(gradients, x, this.graph.mul(dy, factors)));
    return y;
  }

  /** Adds a plain contribution: the common case where nothing can be fused. */
  accumulate(gradients: Gradients, value: Value, contribution: Value): void {
    gradients.add(value, (soFar) => (soFar ? this.graph.add(soFar, contribution) : contribution));
  }
}
