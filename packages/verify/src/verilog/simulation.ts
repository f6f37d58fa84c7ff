import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, MAX_OUTPUT, onPath } from './execute.js';
import { cleanSource } from './source.js';
import { makeTestbench, suffixed, type PortFacts, type TestbenchOptions } from './testbench.js';

export interface SimulationOptions extends TestbenchOptions {
  /** Milliseconds for compiling and running together; default 60000, as in CodeV-R1. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** How a simulation ended. `wall` says what held the simulator: bubblewrap, or limits of the process alone. */
export type SimulationReport =
  | {
      readonly ended: 'finished';
      readonly errors: number;
      readonly checks: number;
      readonly wall: 'bubblewrap' | 'limits';
      readonly elapsedMs: number;
    }
  | {
      readonly ended: 'absent' | 'rejected' | 'compile-error' | 'timeout' | 'failed';
      readonly detail: string;
      readonly elapsedMs: number;
    };

/** Whether Icarus Verilog is installed here. */
export function hasSimulator(): boolean {
  return onPath('iverilog') !== null && onPath('vvp') !== null;
}

/**
 * Simulates a response beside its reference under the test bench of CodeV-R1. A simulator can read and write files
 * and start programs: texts are cleaned first and system tasks beyond a few are refused, the test bench's names are
 * drawn anew each time, and the simulator runs with limits of time, memory and file size, under bubblewrap without a
 * network and with one private folder where it is installed. Never rejects for what a response holds, but with the
 * signal's reason once it is aborted.
 */
export async function simulateVerilog(
  response: string,
  reference: string,
  facts: PortFacts & { readonly responseTop?: string },
  options: SimulationOptions = {},
): Promise<SimulationReport> {
  const started = performance.now();
  const since = (): number => performance.now() - started;
  if (!hasSimulator()) return { ended: 'absent', detail: 'iverilog and vvp are not installed', elapsedMs: 0 };
  const [gold, gate] = [cleanSource(reference), cleanSource(response)];
  if (!gold.ok) return { ended: 'failed', detail: `the reference: ${gold.feedback}`, elapsedMs: since() };
  if (!gate.ok) return { ended: 'rejected', detail: gate.feedback, elapsedMs: since() };
  const mark = `bench_${randomBytes(12).toString('hex')}`;
  // A response that knew the reference's name could hand its inputs on to it, where only a simulator looks.
  const [goldEnd, gateEnd] = [`_gold_${mark}`, `_gate_${mark}`];
  const names = { gold: facts.top + goldEnd, gate: (facts.responseTop ?? facts.top) + gateEnd, mark };
  const folder = await mkdtemp(join(tmpdir(), 'touchstone-verilog-'));
  try {
    await writeFile(join(folder, 'gold.sv'), suffixed(gold.text, gold.modules, goldEnd));
    // What the reference says of undeclared names is no rule for the response.
    await writeFile(join(folder, 'gate.sv'), `\`default_nettype wire\n${suffixed(gate.text, gate.modules, gateEnd)}`);
    await writeFile(join(folder, 'bench.sv'), makeTestbench(facts, names, options));
    const left = (): number => Math.max(1, (options.timeoutMs ?? 60_000) - since());
    const compile = ['iverilog', '-g2012', '-s', mark, '-o', 'bench.vvp', 'bench.sv', 'gold.sv', 'gate.sv'];
    const compiled = await execute(compile, folder, left(), options.signal);
    // Ended by the caller, which says nothing of the text.
    options.signal?.throwIfAborted();
    if (compiled.overdue) return { ended: 'timeout', detail: 'while compiling', elapsedMs: since() };
    if (!compiled.ok) return { ended: 'compile-error', detail: firstError(compiled.output), elapsedMs: since() };
    const ran = await execute(['vvp', '-n', 'bench.vvp'], folder, left(), options.signal);
    options.signal?.throwIfAborted();
    const line = new RegExp(`^${mark} (\\d+) (\\d+)$`, 'm').exec(ran.output);
    if (line !== null) {
      const [errors, checks] = [Number(line[1]), Number(line[2])];
      return { ended: 'finished', errors, checks, wall: ran.wall, elapsedMs: since() };
    }
    if (ran.overdue) return { ended: 'timeout', detail: 'while running', elapsedMs: since() };
    if (ran.flooded)
      return { ended: 'rejected', detail: `it prints more than ${MAX_OUTPUT} bytes`, elapsedMs: since() };
    return { ended: 'failed', detail: 'the simulator ended without a result', elapsedMs: since() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function firstError(output: string): string {
  return (output.split('\n').find((line) => line.includes('error')) ?? 'it does not compile').slice(0, 300);
}
