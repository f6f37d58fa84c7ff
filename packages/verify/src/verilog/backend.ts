/**
 * Equivalence checking as a backend of a `SandboxPool`: parses, elaborates and compares two texts. What is kept is the
 * reference of the last jobs as gates, by its whole text: a group of responses shares one.
 */
import { Aig, TooLargeError, TRUE } from './aig.js';
import { Circuit, CircuitError } from './circuit.js';
import { defaultDesignLimits, elaborate, type DesignLimits } from './elaborate.js';
import { ThreeValued } from './logic.js';
import { clocksOf, makeMiter, type MiterOptions, type ResetSequence } from './miter.js';
import type { Netlist } from './netlist.js';
import { comparePorts, portFacts } from './ports.js';
import { compare, defaultProofLimits, type ProofLimits, type ProofMethod } from './prove.js';
import { cleanSource } from './source.js';
import { counterExample, traceTable } from './trace.js';
import type { PortFacts } from './testbench.js';
import { moduleGraph, topModule } from './tokens.js';
import { isSound, loadYosys } from './yosys.js';

/** Two texts to compare; everything is plain data. */
export interface VerilogJob {
  readonly response: string;
  readonly reference: string;
  /** Top module of the reference; default: the one that no other instantiates. */
  readonly referenceTop?: string;
  /** Top module of the response; default: that of the reference's name, otherwise as for the reference. */
  readonly top?: string;
  readonly reset?: ResetSequence;
  readonly powerOn?: 'any' | 'zero';
  readonly proof?: Partial<ProofLimits>;
  readonly design?: Partial<DesignLimits>;
}

/** A module whose ports, clocks and resets are asked for. */
export interface DescribeJob {
  readonly describe: string;
  readonly top?: string;
}

/** What the comparison found. `reference`: the task is at fault. */
export type VerilogValue =
  | { readonly found: 'equal'; readonly method: ProofMethod }
  | { readonly found: 'different'; readonly method: ProofMethod; readonly steps: number; readonly trace: string }
  | { readonly found: 'open'; readonly depth: number }
  | { readonly found: 'rejected'; readonly reason: string; readonly feedback: string }
  | { readonly found: 'described'; readonly facts: PortFacts }
  | { readonly found: 'reference'; readonly reason: string; readonly feedback: string };

/** Loads yosys. */
export function prepare(): Promise<void> {
  return loadYosys();
}

/** Whether no run of yosys has broken off in this process. */
export function reusable(): boolean {
  return isSound();
}

/** ANDs of the graph that joins the two circuits. */
const MAX_NODES = 2_000_000;

/** Compares or describes the texts of one job. Synchronous; the pool bounds its time and memory from outside. */
export function run(job: VerilogJob | DescribeJob): VerilogValue {
  if ('describe' in job) return describe(job);
  const reference = referenceOf(job);
  if (!reference.ok)
    return { found: 'reference', reason: `reference-${reference.reason}`, feedback: reference.feedback };
  const response = design(job.response, job.top, job.design, reference.netlist.name);
  if (!response.ok) return { found: 'rejected', reason: response.reason, feedback: response.feedback };
  const ports = comparePorts(reference.netlist, response.netlist);
  if (ports !== null) return { found: 'rejected', reason: 'ports-differ', feedback: ports };
  try {
    return judge(reference.netlist, response.netlist, job);
  } catch (thrown) {
    const own = faultIn(thrown);
    if (own === null) throw thrown;
    const fault = faultOf(reference.netlist);
    if (fault !== null) return { found: 'reference', reason: `reference-${fault.reason}`, feedback: fault.feedback };
    return { found: 'rejected', ...own };
  }
}

function describe({ describe: source, top }: DescribeJob): VerilogValue {
  const made = design(source, top, undefined);
  if (!made.ok) return { found: 'rejected', reason: made.reason, feedback: made.feedback };
  return { found: 'described', facts: portFacts(made.netlist) };
}

type Design =
  | { readonly ok: true; readonly netlist: Netlist }
  | { readonly ok: false; readonly reason: string; readonly feedback: string };

/** References that are kept. */
const MAX_REFERENCES = 4;

const references = new Map<string, Design>();

/** The reference of a job; elaborated from its text alone, so that what a response does cannot be seen in it. */
function referenceOf({ reference, referenceTop, design: limits }: VerilogJob): Design {
  const key = JSON.stringify([reference, referenceTop, limits]);
  const made = references.get(key) ?? design(reference, referenceTop, limits);
  references.delete(key);
  references.set(key, made);
  for (const oldest of references.keys()) {
    if (references.size <= MAX_REFERENCES) break;
    references.delete(oldest);
  }
  return made;
}

function design(
  source: string,
  top: string | undefined,
  limits: Partial<DesignLimits> | undefined,
  preferred?: string,
): Design {
  const clean = cleanSource(source);
  if (!clean.ok) return clean;
  const modules = moduleGraph(clean.text);
  const chosen = top ?? (preferred !== undefined && modules.has(preferred) ? preferred : topModule(clean.text));
  if (chosen === null || !modules.has(chosen)) {
    return {
      ok: false,
      reason: 'no-top-module',
      feedback: `there is no module ${chosen ?? 'that no other one instantiates'}`,
    };
  }
  return elaborate(clean.text, chosen, { ...defaultDesignLimits, ...limits });
}

function judge(reference: Netlist, response: Netlist, job: VerilogJob): VerilogValue {
  const options: MiterOptions = {
    maxNodes: MAX_NODES,
    reset: job.reset ?? null,
    // A reference that gives first values has no other way to start; a response that leaves them out starts at 0 then.
    powerOn: job.powerOn ?? (reference.initial.size > 0 ? 'zero' : 'any'),
  };
  const wrong = resetFault(reference, job.reset);
  if (wrong !== null) return { found: 'reference', reason: 'bad-reset', feedback: wrong };
  const miter = makeMiter(reference, response, options);
  const { proof, known } = compare(
    miter,
    (merge) => makeMiter(reference, response, { ...options, merge, like: miter }),
    {
      ...defaultProofLimits,
      ...job.proof,
    },
  );
  if (proof.equal === false) {
    const example = counterExample(miter, proof.stimulus);
    if (example === null) throw new Error('run: a counter-example must show a difference when it is replayed');
    return { found: 'different', method: proof.method, steps: example.steps, trace: traceTable(example) };
  }
  const unknown = miter.outputs.find((_, at) => known[at] !== true);
  if (unknown !== undefined) {
    const feedback = `no value of the reference's output ${unknown.name} was ever known: anything would be equal to it`;
    return { found: 'reference', reason: 'reference-undefined', feedback };
  }
  return proof.equal === null ? { found: 'open', depth: proof.depth } : { found: 'equal', method: proof.method };
}

function resetFault(reference: Netlist, reset: ResetSequence | undefined): string | null {
  if (reset === undefined) return null;
  const port = reference.ports.find(({ name, direction }) => name === reset.port && direction === 'input');
  if (port === undefined) return `the reference has no input ${reset.port}`;
  if (port.bits.length !== 1) return `the reset ${reset.port} must have one bit, got ${port.bits.length}`;
  return clocksOf(reference).some((clock) => clock !== null && clock !== 'latch' && clock.port === reset.port)
    ? `${reset.port} is a clock`
    : null;
}

interface Fault {
  readonly reason: string;
  readonly feedback: string;
}

/** What is wrong with a circuit by what was thrown; null where it is no affair of the circuit. */
function faultIn(thrown: unknown): Fault | null {
  if (thrown instanceof TooLargeError) return { reason: 'too-large', feedback: thrown.message };
  return thrown instanceof CircuitError ? { reason: thrown.reason, feedback: thrown.message } : null;
}

/** Why the reference by itself cannot be modelled, or leaves no room for a response of its size; or null. */
function faultOf(reference: Netlist): Fault | null {
  const aig = new Aig(MAX_NODES / 2);
  const inputs = new Map(reference.ports.map(({ name, bits }) => [name, bits.map(() => aig.input())]));
  try {
    const circuit = new Circuit(
      reference,
      new ThreeValued(aig),
      { timing: 'event', started: TRUE, tick: TRUE },
      inputs,
    );
    for (const { direction, bits } of reference.ports)
      if (direction === 'output') bits.forEach((bit) => circuit.value(bit));
    return null;
  } catch (thrown) {
    const fault = faultIn(thrown);
    if (fault === null) throw thrown;
    return fault;
  }
}
