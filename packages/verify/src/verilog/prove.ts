import { FALSE, type Literal } from './aig.js';
import { differs } from './logic.js';
import type { Miter, RegisterPair } from './miter.js';
import { exhaust, isExhaustible, simulate, type Stimulus } from './simulate.js';
import { yosys } from './yosys.js';

/** Seconds given to each engine; none of them is exact. */
export interface ProofLimits {
  /** Property-directed reachability, which proves or refutes for all time. */
  readonly inductionSeconds: number;
  /** Bounded search, when the proof did not end. */
  readonly boundedSeconds: number;
  /** Steps of the bounded search. */
  readonly depth: number;
}

export const defaultProofLimits: ProofLimits = { inductionSeconds: 8, boundedSeconds: 3, depth: 200 };

/** How an equality was shown or left open. */
export type ProofMethod = 'structure' | 'exhaustive' | 'simulation' | 'sat' | 'induction' | 'reachability' | 'bounded';

export type Proof =
  | { readonly equal: true; readonly method: ProofMethod }
  | { readonly equal: false; readonly method: ProofMethod; readonly stimulus: Stimulus }
  /** Equal for `depth` steps from power-on; nothing is known beyond. */
  | { readonly equal: null; readonly method: 'bounded'; readonly depth: number };

/** What a proof says, with what it saw of the reference on the way. */
export interface Comparison {
  readonly proof: Proof;
  /** Whether, by output, some bit of the reference was ever known. */
  readonly known: readonly boolean[];
}

/**
 * Decides whether the two sides of a miter can differ. `loadYosys` must have been awaited.
 * @param merged makes the same miter with registers that agreed taken for one
 */
export function compare(
  miter: Miter,
  merged: (pairs: readonly (RegisterPair | undefined)[]) => Miter,
  limits: ProofLimits = defaultProofLimits,
): Comparison {
  const { difference, pairs, known } = simulate(miter);
  if (difference !== null) return { proof: { equal: false, method: 'simulation', stimulus: difference }, known };
  if (miter.bad === FALSE) return { proof: { equal: true, method: 'structure' }, known };
  const partners = matched(pairs, miter.state.expected.length);
  const found = partners.some((pair) => pair !== undefined) ? proveMerged(merged(partners)) : null;
  return { proof: found ?? prove(miter, pairs, limits), known };
}

/** A proof over merged registers holds; that none is found says nothing. */
function proveMerged({ aig, bad }: Miter): Proof | null {
  if (bad === FALSE) return { equal: true, method: 'structure' };
  return correspondence(aig.toAiger([bad])).literal === FALSE ? { equal: true, method: 'induction' } : null;
}

/** Merges the signals that induction shows to agree; what is left of the first output, and of the graph. */
function correspondence(graph: Uint8Array): { literal: Literal | null; graph: Uint8Array } {
  const reduced = abc(graph, ['scorr', 'write_aiger out.aig']).files['out.aig'];
  return firstOutput(reduced ?? graph) ?? { literal: null, graph };
}

/** One partner for each register of the reference where there is one; a partner that is still free comes first. */
function matched(pairs: readonly RegisterPair[], registers: number): (RegisterPair | undefined)[] {
  const found = Array.from({ length: registers }, (): RegisterPair | undefined => undefined);
  const used = new Set<number>();
  for (const pair of pairs) {
    if (found[pair.expected] !== undefined || used.has(pair.got)) continue;
    found[pair.expected] = pair;
    used.add(pair.got);
  }
  for (const pair of pairs) found[pair.expected] ??= pair;
  return found;
}

function prove(miter: Miter, pairs: readonly RegisterPair[], limits: ProofLimits): Proof {
  const { aig, bad } = miter;
  if (isExhaustible(miter)) {
    const stimulus = exhaust(miter);
    return stimulus === null ? { equal: true, method: 'exhaustive' } : { equal: false, method: 'exhaustive', stimulus };
  }
  if (miter.timing === 'combinational') return satisfiable(miter);
  // Signals that induction may assume and must show with the property: what simulation could not tell apart.
  const helpers = chosen(pairs).map(({ expected, got, inverted }) =>
    differs(aig, miter.state.expected[expected]!, miter.state.got[got]! ^ (inverted ? 1 : 0)),
  );
  const { literal, graph } = correspondence(aig.toAiger([bad, ...new Set(helpers)]));
  return literal === FALSE ? { equal: true, method: 'induction' } : reachability(miter, graph, limits);
}

/** Pairs kept for a register of the reference. */
const PAIRS_EACH = 2;

const MAX_PAIRS = 4000;

function chosen(pairs: readonly RegisterPair[]): RegisterPair[] {
  const counts = new Map<number, number>();
  const kept = pairs.filter(({ expected }) => {
    const count = counts.get(expected) ?? 0;
    counts.set(expected, count + 1);
    return count < PAIRS_EACH;
  });
  return kept.slice(0, MAX_PAIRS);
}

interface AbcRun {
  readonly log: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** Runs commands of the model checker inside yosys over one graph, `in.aig`; its own pass wants a netlist to map. */
function abc(graph: Uint8Array, commands: readonly string[]): AbcRun {
  const script = ['read_aiger in.aig', ...commands].map((command) => command.replaceAll(' ', ',')).join(';');
  const { log, files } = yosys(['read_verilog nothing.v', 'simplemap', `abc -script +${script}`], {
    'nothing.v': 'module nothing(input a, b, output y); assign y = a & b; endmodule',
    'in.aig': graph,
  });
  return { log, files };
}

/** The first output of a graph in AIGER, and the graph without the others. */
function firstOutput(file: Uint8Array): { literal: Literal; graph: Uint8Array } | null {
  const text = Buffer.from(file).toString('latin1');
  const [head = ''] = text.split('\n', 1);
  const [format, most, inputs, latches = NaN, outputs = NaN, ands] = head
    .split(' ')
    .map((word, at) => (at === 0 ? word : Number(word)));
  if (format !== 'aig') return null;
  const lines = text.split('\n', 1 + Number(latches) + Number(outputs));
  const body = lines.join('\n').length + 1;
  const kept = [`aig ${most} ${inputs} ${latches} 1 ${ands}`, ...lines.slice(1, 2 + Number(latches)), ''].join('\n');
  const literal = Number(lines[1 + Number(latches)]);
  return { literal, graph: Buffer.concat([Buffer.from(kept, 'latin1'), file.subarray(body)]) };
}

function satisfiable({ aig, bad }: Miter): Proof {
  const { log, files } = abc(aig.toAiger([bad]), ['fraig', 'iprove', 'write_cex -a out.cex']);
  if (/UNSATISFIABLE/.test(log)) return { equal: true, method: 'sat' };
  const stimulus = counterExample(files['out.cex'], aig.inputs.length);
  if (stimulus !== null) return { equal: false, method: 'sat', stimulus };
  return { equal: null, method: 'bounded', depth: 0 };
}

function reachability({ aig }: Miter, graph: Uint8Array, limits: ProofLimits): Proof {
  const induction = abc(graph, [`pdr -T ${limits.inductionSeconds}`, 'write_cex -a out.cex']);
  if (/Property proved/.test(induction.log)) return { equal: true, method: 'reachability' };
  const refuted = counterExample(induction.files['out.cex'], aig.inputs.length);
  if (refuted !== null) return { equal: false, method: 'reachability', stimulus: refuted };
  const bounded = abc(graph, [`bmc3 -F ${limits.depth} -T ${limits.boundedSeconds}`, 'write_cex -a out.cex']);
  const found = counterExample(bounded.files['out.cex'], aig.inputs.length);
  if (found !== null) return { equal: false, method: 'bounded', stimulus: found };
  const depth = /(?:asserted in|explored|completed)\D*(\d+)/i.exec(bounded.log)?.[1];
  return { equal: null, method: 'bounded', depth: Number(depth ?? 0) };
}

/** Reads a counter-example in AIGER's form: a line of latches, then a line of inputs for each step. */
function counterExample(file: Uint8Array | undefined, inputs: number): Stimulus | null {
  if (file === undefined) return null;
  const lines = Buffer.from(file)
    .toString('latin1')
    .split('\n')
    .map((line) => line.trim());
  const steps = lines.slice(1).filter((line) => line.length === inputs && /^[01]+$/.test(line));
  return steps.length === 0 ? null : steps.map((line) => [...line].map(Number));
}
