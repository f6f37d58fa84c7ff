import { extractCode } from '../extract/code-block.js';
import { correct, crashed, incorrect, timeout, unscorable, withElapsed, type Verdict } from '../verdict.js';
import type { VerilogJob, VerilogValue } from './backend.js';
import { sharedVerilogPool, type VerilogPool } from './pool.js';
import type { ProofMethod } from './prove.js';
import type { TestbenchOptions } from './testbench.js';
import { verifyBySimulation } from './verify-simulation.js';

/** A circuit to be met: its source, or that with what cannot be seen from it. */
export type VerilogReference =
  | string
  | {
      readonly code: string;
      /** Its top module; default: the one that no other module instantiates. */
      readonly top?: string;
    };

export interface VerilogOptions {
  /** The response's top module; default: the one named like the reference's, otherwise the one at the top. */
  readonly top?: string;
  /**
   * A reset that is held for some cycles (default 1) from power-on and not given again. Default: resets are inputs
   * like any other, and the proof holds for every use of them.
   */
  readonly reset?: { readonly port: string; readonly activeLow?: boolean; readonly cycles?: number };
  /**
   * First value of the response's registers that have none: any, or 0. Default: 0 where the reference itself relies
   * on first values, otherwise any.
   */
  readonly powerOn?: 'any' | 'zero';
  /**
   * What a response earns that differs in no run of `depth` steps while no proof for all time was found: default
   * `unscorable`; `correct` accepts it.
   */
  readonly unproved?: 'unscorable' | 'correct';
  /**
   * `formal` (default), or `simulation`: the random test bench of CodeV-R1, which can miss a difference, on Icarus
   * Verilog where it is installed.
   */
  readonly method?: 'formal' | 'simulation';
  /** Rounds, steps and seed of the test bench. */
  readonly simulation?: TestbenchOptions;
  /** Steps of the bounded search; default 200. */
  readonly depth?: number;
  /** Milliseconds for the whole comparison; default 20000. */
  readonly timeoutMs?: number;
}

const languages = ['verilog', 'systemverilog', 'v', 'sv'];

const optionNames: readonly string[] = [
  'top',
  'reset',
  'powerOn',
  'unproved',
  'method',
  'simulation',
  'depth',
  'timeoutMs',
] satisfies (keyof VerilogOptions)[];

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
  if (target === null)
    return unscorable('bad-reference', { feedback: 'a reference is Verilog source, or { code, top }' });
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name));
  if (unknown !== undefined) {
    return unscorable('unknown-option', { feedback: `${unknown} is not one of ${optionNames.join(', ')}` });
  }
  const fault = optionFault(options);
  if (fault !== null) return unscorable('bad-option', { feedback: fault });
  const block = extractCode(response, {
    languages,
    looksLikeCode: (text) => /\bmodule\b[\s\S]*\bendmodule\b/.test(text),
  });
  if (block === null) return incorrect('no-answer', { feedback: 'the response holds no Verilog module' });
  const pool = context.pool ?? sharedVerilogPool();
  const wallMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  if (options.method === 'simulation') {
    const { signal } = context;
    const sources = { code: block.code, reference: target };
    return withElapsed(
      await verifyBySimulation(sources, options, { pool, wallMs, ...(signal === undefined ? {} : { signal }) }),
      started,
    );
  }
  const report = await pool.run(jobOf(block.code, target, options), { wallMs, memoryMb: MEMORY_MB }, context.signal);
  const detail = { extracted: block.code, elapsedMs: performance.now() - started };
  if (report.ended === 'timeout') return timeout(wallMs, detail);
  if (report.ended !== 'finished')
    return crashed(report.ended === 'memory' ? 'memory' : 'sandbox', { ...detail, feedback: report.detail });
  return verdictOf(report.value, options, detail);
}

function readReference(reference: unknown): { code: string; top?: string } | null {
  if (typeof reference === 'string') return reference.trim() === '' ? null : { code: reference };
  if (typeof reference !== 'object' || reference === null) return null;
  const { code, top } = reference as { code?: unknown; top?: unknown };
  if (typeof code !== 'string' || code.trim() === '') return null;
  if (top === undefined) return { code };
  return typeof top === 'string' ? { code, top } : null;
}

function optionFault({ top, reset, powerOn, unproved, method, depth, timeoutMs }: VerilogOptions): string | null {
  const positive = (value: unknown): boolean => value === undefined || (typeof value === 'number' && value > 0);
  if (top !== undefined && typeof top !== 'string') return 'top must be the name of a module';
  if (reset !== undefined && (typeof reset !== 'object' || reset === null || typeof reset.port !== 'string')) {
    return 'reset must be { port, activeLow?, cycles? }';
  }
  if (
    reset !== undefined &&
    !(Number.isInteger(reset.cycles ?? 1) && (reset.cycles ?? 1) >= 0 && (reset.cycles ?? 1) <= 64)
  ) {
    return 'reset.cycles must be an integer from 0 to 64';
  }
  if (powerOn !== undefined && powerOn !== 'any' && powerOn !== 'zero') return 'powerOn must be any or zero';
  if (unproved !== undefined && unproved !== 'unscorable' && unproved !== 'correct') {
    return 'unproved must be unscorable or correct';
  }
  if (method !== undefined && method !== 'formal' && method !== 'simulation')
    return 'method must be formal or simulation';
  if (!positive(depth) || !positive(timeoutMs)) return 'depth and timeoutMs must be positive numbers';
  return null;
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

type Detail = { readonly extracted: string; readonly elapsedMs: number };

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
