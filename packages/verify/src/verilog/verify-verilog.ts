import { extractCode } from '../extract/code-block.js';
import { unfinished } from '../sandbox/unfinished.js';
import { correct, crashed, incorrect, unscorable, withElapsed, type Verdict } from '../verdict.js';
import type { VerilogJob, VerilogValue } from './backend.js';
import { sharedVerilogPool, type VerilogPool } from './pool.js';
import type { ProofMethod } from './prove.js';
import { readOptions, readReference, type VerilogOptions } from './reference.js';
import { verifyBySimulation } from './verify-simulation.js';

const languages = ['verilog', 'systemverilog', 'v', 'sv'];

/** Whether a module begins and one ends after it; a single pattern for both would try every beginning anew. */
function holdsModule(text: string): boolean {
  const start = text.search(/\bmodule\b/);
  return start >= 0 && /\bendmodule\b/.test(text.slice(start));
}

const DEFAULT_TIMEOUT_MS = 20_000;

/** MiB for the WebAssembly memory of yosys at work. */
const MEMORY_MB = 1024;

/**
 * Checks that the circuit in a response does what the reference does: for every sequence of inputs, every output bit
 * that the reference leaves known is equal. Combinational circuits are compared exactly; sequential ones by random
 * simulation, then by induction and reachability, then by bounded search. See docs/checking-answers.md for what
 * unknown values, resets and first values mean. Never rejects for what a response holds.
 */
export async function verifyVerilog(
  response: string,
  reference: unknown,
  options: VerilogOptions = {},
  context: { readonly signal?: AbortSignal; readonly pool?: VerilogPool } = {},
): Promise<Verdict> {
  const started = performance.now();
  const target = readReference(reference);
  if (typeof target === 'string') return unscorable('bad-reference', { feedback: target });
  const rules = readOptions({ ...options });
  if ('option' in rules) return unscorable(rules.reason, { feedback: rules.message });
  const block = extractCode(response, {
    languages,
    looksLikeCode: holdsModule,
  });
  if (block === null) return incorrect('no-answer', { feedback: 'the response holds no Verilog module' });
  const pool = context.pool ?? sharedVerilogPool.get();
  const wallMs = rules.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  if (rules.method === 'simulation') {
    const { signal } = context;
    const sources = { code: block.code, reference: target };
    return withElapsed(
      await verifyBySimulation(sources, rules, { pool, wallMs, ...(signal === undefined ? {} : { signal }) }),
      started,
    );
  }
  const report = await pool.run(jobOf(block.code, target, rules), { wallMs, memoryMb: MEMORY_MB }, context.signal);
  if (report.ended !== 'finished') return withElapsed(unfinished(report, wallMs, block.code), started);
  return withElapsed(verdictOf(report.value, rules, { extracted: block.code }), started);
}

function jobOf(code: string, target: { code: string; top?: string }, options: VerilogOptions): VerilogJob {
  const { top, reset, powerOn, depth } = options;
  return {
    response: code,
    reference: target.code,
    ...(target.top === undefined ? {} : { referenceTop: target.top }),
    ...(top === undefined ? {} : { top }),
    ...(reset === undefined
      ? {}
      : { reset: { port: reset.port, activeLow: reset.activeLow ?? false, cycles: reset.cycles ?? 1 } }),
    ...(powerOn === undefined ? {} : { powerOn }),
    ...(depth === undefined ? {} : { proof: { depth } }),
  };
}

const words: Readonly<Record<ProofMethod, string>> = {
  structure: 'both are the same circuit',
  exhaustive: 'every combination of the inputs was tried',
  simulation: 'random simulation',
  sat: 'no assignment of the inputs tells them apart',
  induction: 'proved by induction',
  reachability: 'proved for every state that can be reached',
  bounded: 'bounded search',
};

type Detail = { readonly extracted: string };

function verdictOf(value: VerilogValue, options: VerilogOptions, detail: Detail): Verdict {
  switch (value.found) {
    case 'equal':
      return correct('equivalent', { ...detail, feedback: words[value.method] });
    case 'different':
      return incorrect('different', {
        ...detail,
        parts: { steps: value.steps },
        feedback: `the outputs differ in the last step of this run:\n${value.trace}`,
      });
    case 'open': {
      const found = {
        ...detail,
        parts: { depth: value.depth },
        feedback: `no difference within ${value.depth} steps from power-on, and no proof beyond`,
      };
      return options.unproved === 'correct' ? correct('equivalent-bounded', found) : unscorable('unproved', found);
    }
    case 'rejected':
      if (value.reason === 'tool-failed') return crashed(value.reason, { ...detail, feedback: value.feedback });
      return incorrect(value.reason, { ...detail, feedback: value.feedback });
    case 'described':
      return crashed('sandbox', { ...detail, feedback: 'a comparison was answered with a description' });
    case 'reference':
      return unscorable(value.reason, { ...detail, feedback: value.feedback });
  }
}
