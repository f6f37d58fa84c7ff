import { referenceData } from '../reference-data.js';
import { optionFault, type OptionFault, type OptionRule, type OptionRules } from '../task-faults.js';
import type { TestbenchOptions } from './testbench.js';

/** Largest value of an `integer` in Verilog. */
const MOST = 2 ** 31 - 1;

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

/** Reads a reference of unknown origin, also as JSON text; a text says what is wrong with it. */
export function readReference(reference: unknown): { readonly code: string; readonly top?: string } | string {
  const data = referenceData(reference);
  const { code, top } = (typeof data === 'string' ? { code: data } : (data ?? {})) as {
    readonly code?: unknown;
    readonly top?: unknown;
  };
  const isRead = typeof code === 'string' && code.trim() !== '' && (top === undefined || typeof top === 'string');
  if (!isRead) return 'a reference is Verilog source, or { code, top }';
  return top === undefined ? { code } : { code, top };
}

const optionRules: Readonly<Record<keyof VerilogOptions, OptionRule>> = {
  top: 'own',
  reset: 'own',
  powerOn: ['any', 'zero'] satisfies VerilogOptions['powerOn'][],
  unproved: ['unscorable', 'correct'] satisfies VerilogOptions['unproved'][],
  method: ['formal', 'simulation'] satisfies VerilogOptions['method'][],
  simulation: 'own',
  depth: 'number',
  timeoutMs: 'number',
};

/** Checks options of unknown origin, or says which one is wrong. */
export function readOptions(options: Readonly<Record<string, unknown>>): VerilogOptions | OptionFault {
  const fault = optionFault(options, optionRules);
  if (fault !== null) return fault;
  const { top, reset, simulation, depth, timeoutMs } = options;
  const bad = (option: string, message: string): OptionFault => ({ option, reason: 'bad-option', message });
  if (top !== undefined && typeof top !== 'string') return bad('top', 'top must be the name of a module');
  const resetFault = faultOfReset(reset);
  if (resetFault !== null) return bad('reset', resetFault);
  const simulationFault = faultOfSimulation(simulation);
  if (simulationFault !== null) return bad('simulation', simulationFault);
  if (depth === 0) return bad('depth', 'depth must be above 0, got 0');
  if (timeoutMs === 0) return bad('timeoutMs', 'timeoutMs must be above 0, got 0');
  return options;
}

const resetRules = { port: 'own', activeLow: 'boolean', cycles: 'own' } as const satisfies OptionRules;

function faultOfReset(reset: unknown): string | null {
  if (reset === undefined) return null;
  if (!isRecord(reset) || typeof reset['port'] !== 'string') return 'reset must be { port, activeLow?, cycles? }';
  const fault = optionFault(reset, resetRules);
  if (fault !== null) return `reset: ${fault.message}`;
  return isWhole(reset['cycles'] ?? 1, 0, 64) ? null : 'reset.cycles must be a whole number from 0 to 64';
}

const testbenchRules: Readonly<Record<keyof TestbenchOptions, OptionRule>> = {
  outer: 'own',
  inner: 'own',
  seed: 'own',
  unknown: ['exact', 'open'] satisfies TestbenchOptions['unknown'][],
};

/** These values are written into the source of the test bench, so nothing but whole numbers may pass. */
function faultOfSimulation(simulation: unknown): string | null {
  if (simulation === undefined) return null;
  if (!isRecord(simulation)) return 'simulation must be { outer?, inner?, seed?, unknown? }';
  const fault = optionFault(simulation, testbenchRules);
  if (fault !== null) return `simulation: ${fault.message}`;
  const { outer = 1, inner = 1, seed = 0 } = simulation;
  if (!isWhole(outer, 1, MOST) || !isWhole(inner, 1, MOST)) {
    return `simulation.outer and simulation.inner must be whole numbers from 1 to ${MOST}`;
  }
  return isWhole(seed, -MOST, MOST) ? null : `simulation.seed must be a whole number from ${-MOST} to ${MOST}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}
