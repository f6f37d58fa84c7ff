import { binary, forMapping, isMemory } from './memory.js';
import { asRegister, isGate, isWordOperator, readNetlist, type Netlist, type YosysJson } from './netlist.js';
import { yosys, type YosysRun } from './yosys.js';

/** Bounds of one design, before and after it is taken apart into gates. */
export interface DesignLimits {
  /** Gates and registers of one bit. */
  readonly cells: number;
  /** Bits of all memories together; each becomes a register. */
  readonly memoryBits: number;
  /** Bits of one port, wire or operator. */
  readonly width: number;
}

export const defaultDesignLimits: DesignLimits = { cells: 60_000, memoryBits: 16_384, width: 8192 };

/** Why a text is not a circuit that can be judged. */
export type ElaborationFault =
  'syntax-error' | 'no-top-module' | 'multiple-drivers' | 'unsupported' | 'too-large' | 'tool-failed';

export type Elaborated =
  | { readonly ok: true; readonly netlist: Netlist }
  | { readonly ok: false; readonly reason: ElaborationFault; readonly feedback: string };

const refuse = (reason: ElaborationFault, feedback: string): Elaborated => ({ ok: false, reason, feedback });

const SOURCE = 'design.sv';

/** Four-state equality bit by bit: the standard mapping would make it two-valued. */
const SAME_MAP = ['eqx', 'nex']
  .map(
    (name) => `(* techmap_celltype = "$${name}" *)
module same_${name} (A, B, Y);
  parameter A_SIGNED = 0; parameter B_SIGNED = 0;
  parameter A_WIDTH = 1; parameter B_WIDTH = 1; parameter Y_WIDTH = 1;
  localparam W = A_WIDTH > B_WIDTH ? A_WIDTH : B_WIDTH;
  input [A_WIDTH-1:0] A; input [B_WIDTH-1:0] B; output [Y_WIDTH-1:0] Y;
  wire [W-1:0] a, b, s;
  generate
    if (A_SIGNED && B_SIGNED) begin assign a = $signed(A); assign b = $signed(B); end
    else begin assign a = A; assign b = B; end
  endgenerate
  genvar i;
  generate for (i = 0; i < W; i = i + 1) begin:bit_same
    \\$__SAME_ c (.A(a[i]), .B(b[i]), .Y(s[i]));
  end endgenerate
  assign Y = ${name === 'eqx' ? '&s' : '~&s'};
endmodule
`,
  )
  .join('');

/**
 * Parses, elaborates and flattens one text by itself and takes it apart into gates. Optimisations that choose values
 * for unknowns are left out.
 * @param source cleaned text
 * @param top name of the module to start from
 */
export function elaborate(source: string, top: string, limits: DesignLimits): Elaborated {
  const name = /^[A-Za-z_][\w$]*$/.test(top) ? top : null;
  if (name === null) return refuse('unsupported', 'the top module must have a plain name');
  const run = yosys(
    [
      `read_verilog -sv -noassert -noassume -nodisplay ${SOURCE}`,
      `hierarchy -check -top ${name}`,
      'proc -noopt -norom',
      'flatten',
      'opt_clean',
      'memory_collect',
      'opt_clean',
      'write_json words.json',
      ...toGates,
    ],
    { [SOURCE]: source, 'same.v': SAME_MAP },
    { quiet: true },
  );
  const words = run.files['words.json'];
  const fault = faultOf(run) ?? tooLarge(jsonOf(run, 'words.json'), limits);
  if (fault !== null || words === undefined) return fault ?? refuse('tool-failed', 'no netlist was written');
  const json = jsonOf(run, 'words.json');
  if (!hasMemory(json)) return gatesOnly(run.printed, limits);
  const mapped = yosys(
    ['read_json words.json', 'memory_map', ...toGates],
    { 'words.json': JSON.stringify(forMapping(json)), 'same.v': SAME_MAP },
    { quiet: true },
  );
  return faultOf(mapped) ?? gatesOnly(mapped.printed, limits);
}

/** Everything but arithmetic, comparison, shifts and choices becomes single bits, and is printed. */
const toGates = ['techmap -map same.v', 'bmuxmap', 'demuxmap', 'simplemap', 'dffunmap', 'opt_clean', 'write_json'];

function jsonOf(run: YosysRun, name: string): YosysJson {
  return JSON.parse(Buffer.from(run.files[name] ?? new Uint8Array()).toString('utf8')) as YosysJson;
}

function hasMemory(json: YosysJson): boolean {
  return Object.values(json.modules).some(({ cells }) => Object.values(cells).some(({ type }) => isMemory(type)));
}

function faultOf(run: YosysRun): Elaborated | null {
  if (run.ended === 'broken') return refuse('tool-failed', run.log.slice(0, 300));
  if (/multiple conflicting drivers|Driver-driver conflict/.test(run.log)) {
    return refuse('multiple-drivers', 'a signal is driven by more than one source');
  }
  if (run.ended === 'done') return null;
  const words = errorOf(run.log);
  return refuse(
    /not found|Module .* is not part/.test(words) && /top/i.test(words) ? 'no-top-module' : 'syntax-error',
    words,
  );
}

/** yosys' error line without the names of virtual files. */
function errorOf(log: string): string {
  const line = log.split('\n').findLast((each) => each.includes('ERROR:')) ?? 'it could not be read';
  return line
    .replace(/^.*?(?=design\.sv:|ERROR:)/, '')
    .replace(/design\.sv:(\d+):?/g, 'line $1:')
    .replace(/ERROR: |line 0: /g, '')
    .slice(0, 300);
}

/** Cells without an output into the circuit: messages, and properties, which must not weaken a proof. */
const inert = new Set(['$scopeinfo', '$print', '$check', '$assert', '$assume', '$cover', '$live', '$fair']);

const refusedCells =
  /^\$(?:any|all|initstate|tribuf|_TBUF_|specify|connect|bweqx|get_tag|set_tag|future_ff|original_tag)/;

function tooLarge(json: YosysJson, limits: DesignLimits): Elaborated | null {
  for (const { cells, netnames, ports } of Object.values(json.modules)) {
    const widest = Math.max(0, ...Object.values(netnames).map(({ bits }) => bits.length));
    if (widest > limits.width) return refuse('too-large', `a signal is wider than ${limits.width} bits`);
    const inout = Object.entries(ports).find(([, { direction }]) => direction === 'inout');
    if (inout !== undefined) return refuse('unsupported', `the port ${inout[0]} is inout`);
    const all = Object.values(cells);
    if (all.length > limits.cells) return refuse('too-large', `it has more than ${limits.cells} cells`);
    const odd = all.find(({ type }) => refusedCells.test(type) || !type.startsWith('$'));
    if (odd !== undefined) return refuse('unsupported', `a cell of type ${odd.type} is not part of a circuit`);
    const memory = all
      .filter(({ type }) => isMemory(type))
      .reduce((sum, { parameters }) => sum + binary(parameters['SIZE']) * binary(parameters['WIDTH']), 0);
    if (memory > limits.memoryBits) return refuse('too-large', `its memories hold more than ${limits.memoryBits} bits`);
  }
  return null;
}

function gatesOnly(printed: string, limits: DesignLimits): Elaborated {
  const netlist = readNetlist(JSON.parse(printed) as YosysJson);
  const cells = netlist.cells.filter(({ type }) => !inert.has(type));
  const odd = cells.find(
    (cell) => !isGate(cell.type) && !isWordOperator(cell.type) && cell.type !== '$pmux' && asRegister(cell) === null,
  );
  if (odd !== undefined) return refuse('unsupported', `a cell of type ${odd.type} cannot be modelled`);
  if (cells.length > limits.cells) return refuse('too-large', `it has more than ${limits.cells} gates`);
  return { ok: true, netlist: { ...netlist, cells } };
}
