import { resetTasks, type ResetPort } from '../rewards/codev-r1.js';
import { tokenize } from './tokens.js';

/** What a test bench must know of a module: its ports, and which of them are clocks and resets. */
export interface PortFacts {
  /** Name of the module. */
  readonly top: string;
  readonly inputs: readonly PortWidth[];
  readonly outputs: readonly PortWidth[];
  readonly clocks: readonly { readonly port: string; readonly rising: boolean }[];
  readonly resets: readonly ResetPort[];
}

export interface PortWidth {
  readonly name: string;
  readonly width: number;
}

export interface TestbenchOptions {
  /** Rounds of a phase; default 100. */
  readonly outer?: number;
  /** Steps of a round; default 1000. */
  readonly inner?: number;
  /** Default 0. */
  readonly seed?: number;
  /**
   * `exact`: 4-state equality, an unknown equals an unknown (CodeV-R1). `open`: what is unknown in the reference may
   * be anything in the response. Default `exact`.
   */
  readonly unknown?: 'exact' | 'open';
}

/** A text whose modules have new names, so that two texts can stand together. */
export function suffixed(source: string, modules: readonly string[], suffix: string): string {
  const names = new Set(modules);
  let before = '';
  return tokenize(source)
    .map(({ kind, text }) => {
      const isModule = kind === 'identifier' && names.has(text) && before !== '.';
      if (kind !== 'space') before = text;
      return isModule ? `${text}${suffix}` : text;
    })
    .join('');
}

/**
 * The test bench of CodeV-R1 (arXiv 2505.24183, official code codev_eval_toolkit/verify.py): two instances under the
 * same random inputs, compared after every change; a phase without a reset, then one for each way of resetting. Prints
 * one line, `mark`, the errors and the checks. Modules with more than one clock are not supported there, nor here.
 * @param mark names the test bench's own parts, so that a module cannot address them; must be an identifier
 */
export function makeTestbench(
  facts: PortFacts,
  names: { readonly gold: string; readonly gate: string; readonly mark: string },
  { outer = 100, inner = 1000, seed = 0, unknown = 'exact' }: TestbenchOptions = {},
): string {
  const { inputs, outputs, clocks, resets } = facts;
  if (clocks.length > 1)
    throw new RangeError(`makeTestbench: at most one clock, got ${clocks.length}; compare formally`);
  const { mark } = names;
  const special = new Set([...clocks, ...resets].map(({ port }) => port));
  const ports = (side: string): string =>
    [...inputs.map(({ name }) => `.${name}(${name})`), ...outputs.map(({ name }) => `.${name}(${name}_${side})`)].join(
      ', ',
    );
  const random = inputs
    .filter(({ name }) => !special.has(name))
    .map(({ name, width }) => `${name} = ${words(width, mark)};`);
  const tasks = resetTasks(resets);
  const phase = (first: string): string => `
    for (outer_${mark} = 0; outer_${mark} < ${outer}; outer_${mark} = outer_${mark} + 1) begin
      ${first}
      #5 count_${mark};
      for (inner_${mark} = 0; inner_${mark} < ${inner}; inner_${mark} = inner_${mark} + 1) begin
        #5 ${random.join(' ')} ${clocks.map(({ port }) => `${port} = ~${port};`).join(' ')}
        #5 count_${mark};
      end
    end`;
  const randomReset = [...new Set(resets.map(({ port }) => port))].map((port) => `${port} = $random(seed_${mark});`);
  return `\`timescale 1ns/1ps
module ${mark};
  ${inputs.map(({ name, width }) => `reg [${width - 1}:0] ${name};`).join('\n  ')}
  ${outputs.map(({ name, width }) => `wire [${width - 1}:0] ${name}_gold, ${name}_gate;`).join('\n  ')}
  ${names.gold} gold_${mark}(${ports('gold')});
  ${names.gate} gate_${mark}(${ports('gate')});
  wire same_${mark} = ${outputs.map(({ name }) => agreement(name, unknown)).join(' && ') || "1'b1"};
  integer seed_${mark}, all_${mark}, errors_${mark}, outer_${mark}, inner_${mark};
  task count_${mark}; begin
    all_${mark} = all_${mark} + 1;
    if (same_${mark} !== 1'b1) errors_${mark} = errors_${mark} + 1;
  end endtask
  initial begin
    seed_${mark} = ${seed}; all_${mark} = 0; errors_${mark} = 0;
    ${clocks.map(({ port, rising }) => `${port} = ${rising ? 0 : 1};`).join(' ')}
    ${random.join(' ')}${phase(randomReset.join(' '))}${tasks.map((task) => phase(resetSequence(task, clocks[0]?.port))).join('')}
    $display("${mark} %0d %0d", errors_${mark}, all_${mark});
    $finish;
  end
endmodule
`;
}

function agreement(name: string, unknown: 'exact' | 'open'): string {
  // What is unknown or undriven on the left is unknown on both sides whatever the response says.
  return unknown === 'exact'
    ? `(${name}_gold === ${name}_gate)`
    : `((${name}_gold ^ ${name}_gold ^ ${name}_gold) === (${name}_gold ^ ${name}_gate ^ ${name}_gold))`;
}

function words(width: number, mark: string): string {
  const count = Math.ceil(width / 32);
  return `{${Array.from({ length: count }, () => `$random(seed_${mark})`).join(', ')}}`;
}

/** Every port is set active; two toggles of the clock, 10 units apart, where one waits for it; then all are inactive. */
function resetSequence(task: readonly ResetPort[], clock: string | undefined): string {
  const active = task.map(({ port, activeLevel }) => `${port} = ${activeLevel};`);
  const inactive = task.map(({ port, activeLevel }) => `${port} = ${1 - activeLevel};`);
  const waits = task.some(({ synchronous }) => synchronous) && clock !== undefined;
  const toggles = waits ? `#10 ${clock} = ~${clock}; #10 ${clock} = ~${clock}; #10` : '#10';
  return `${active.join(' ')} ${toggles} ${inactive.join(' ')}`;
}
