/**
 * And-inverter graphs: the form in which two circuits are joined, simulated and handed to the model checker.
 * A literal is twice a node's number, plus one where it is inverted; node 0 is the constant false.
 */
export type Literal = number;

export const FALSE: Literal = 0;
export const TRUE: Literal = 1;

export const not = (a: Literal): Literal => a ^ 1;

type NodeKind = 'constant' | 'input' | 'latch' | 'and';

/** A circuit that grew past its bound; the caller says so in its verdict. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/** A sequential circuit of inputs, latches that all start at 0, and two-input ANDs. */
export class Aig {
  readonly inputs: number[] = [];
  readonly latches: number[] = [];
  private readonly kinds: NodeKind[] = ['constant'];
  private readonly left: Literal[] = [0];
  private readonly right: Literal[] = [0];
  private readonly hashed = new Map<number, Literal>();

  /** @param maxNodes nodes after which `TooLargeError` is thrown */
  constructor(private readonly maxNodes: number) {}

  get size(): number {
    return this.kinds.length;
  }

  input(): Literal {
    const literal = this.add('input', 0, 0);
    this.inputs.push(literal >> 1);
    return literal;
  }

  /** A latch that holds `initial` in the first step; its next value is given by `setNext`. */
  latch(initial: boolean): Literal {
    const literal = this.add('latch', 0, 0);
    this.latches.push(literal >> 1);
    // Latches start at 0: one that starts at 1 is stored inverted.
    return initial ? not(literal) : literal;
  }

  setNext(latch: Literal, next: Literal): void {
    this.left[latch >> 1] = next ^ (latch & 1);
  }

  and(a: Literal, b: Literal): Literal {
    if (a > b) return this.and(b, a);
    if (a === FALSE || a === not(b)) return FALSE;
    if (a === TRUE || a === b) return b;
    const key = a * 2 ** 26 + b;
    const known = this.hashed.get(key);
    if (known !== undefined) return known;
    const made = this.add('and', a, b);
    this.hashed.set(key, made);
    return made;
  }

  or(a: Literal, b: Literal): Literal {
    return not(this.and(not(a), not(b)));
  }

  xor(a: Literal, b: Literal): Literal {
    return this.or(this.and(a, not(b)), this.and(not(a), b));
  }

  /** `chosen` where `select` is 1, otherwise `other`. */
  mux(select: Literal, chosen: Literal, other: Literal): Literal {
    return this.or(this.and(select, chosen), this.and(not(select), other));
  }

  /** Whether a node is read by an AND, by a latch, or by one of the given literals. */
  isUsed(node: number, outputs: readonly Literal[]): boolean {
    const reads = (literal: Literal): boolean => literal >> 1 === node;
    return outputs.some(reads) || this.left.some(reads) || this.right.some(reads);
  }

  /** The graph below `outputs` in AIGER's binary form (format 1.0); inputs and latches keep their order. */
  toAiger(outputs: readonly Literal[]): Uint8Array {
    const order = this.cone(outputs);
    const number = new Map<number, number>([[0, 0]]);
    for (const node of [...this.inputs, ...this.latches, ...order]) number.set(node, number.size);
    const renumber = (literal: Literal): Literal => 2 * number.get(literal >> 1)! + (literal & 1);
    const counts = [number.size - 1, this.inputs.length, this.latches.length, outputs.length, order.length];
    const next = this.latches.map((node) => renumber(this.left[node]!));
    const head = [`aig ${counts.join(' ')}`, ...next, ...outputs.map(renumber), ''].join('\n');
    const bytes = [...new TextEncoder().encode(head)];
    for (const node of order) {
      const [low, high] = [renumber(this.left[node]!), renumber(this.right[node]!)].sort((a, b) => a - b);
      pushDelta(bytes, 2 * number.get(node)! - high!);
      pushDelta(bytes, high! - low!);
    }
    return Uint8Array.from(bytes);
  }

  /** A simulator of 32 runs at a time of what `outputs` and latches depend on. */
  simulator(outputs: readonly Literal[]): Simulator {
    return new Simulator(this.size, this.cone(outputs), this.left, this.right, this.inputs, this.latches);
  }

  private add(kind: NodeKind, left: Literal, right: Literal): Literal {
    if (this.kinds.length >= this.maxNodes) throw new TooLargeError(`more than ${this.maxNodes} nodes`);
    this.left.push(left);
    this.right.push(right);
    return 2 * (this.kinds.push(kind) - 1);
  }

  /** Number of ANDs that `outputs` and latches depend on. */
  coneSize(outputs: readonly Literal[]): number {
    return this.cone(outputs).length;
  }

  /** The ANDs that outputs and latches depend on, each after those it reads. */
  private cone(outputs: readonly Literal[]): number[] {
    const wanted = new Uint8Array(this.kinds.length);
    for (const literal of [...outputs, ...this.latches.map((node) => this.left[node]!)]) wanted[literal >> 1] = 1;
    for (let node = this.kinds.length - 1; node > 0; node--) {
      if (wanted[node] !== 1 || this.kinds[node] !== 'and') continue;
      wanted[this.left[node]! >> 1] = 1;
      wanted[this.right[node]! >> 1] = 1;
    }
    return this.kinds.flatMap((kind, node) => (kind === 'and' && wanted[node] === 1 ? [node] : []));
  }
}

function pushDelta(bytes: number[], delta: number): void {
  let rest = delta;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
}

/** Steps a graph through time; each value is a word of 32 independent runs. */
export class Simulator {
  private readonly values: Int32Array;

  constructor(
    size: number,
    /** ANDs, each after those it reads. */
    private readonly order: readonly number[],
    private readonly left: readonly Literal[],
    private readonly right: readonly Literal[],
    private readonly inputs: readonly number[],
    private readonly latches: readonly number[],
  ) {
    this.values = new Int32Array(size);
  }

  /** Puts every latch to its first value. */
  reset(): void {
    this.values.fill(0);
  }

  /** Values of the current step from one word for each input, in the order in which inputs were made. */
  evaluate(words: (index: number) => number): void {
    const { values, left, right } = this;
    for (const [index, node] of this.inputs.entries()) values[node] = words(index);
    for (const node of this.order) values[node] = this.read(left[node]!) & this.read(right[node]!);
  }

  /** Word of a literal in the step that was last evaluated. */
  read(literal: Literal): number {
    return this.values[literal >> 1]! ^ -(literal & 1);
  }

  /** Moves the latches to the next step. */
  advance(): void {
    const next = this.latches.map((node) => this.read(this.left[node]!));
    for (const [index, node] of this.latches.entries()) this.values[node] = next[index]!;
  }
}
