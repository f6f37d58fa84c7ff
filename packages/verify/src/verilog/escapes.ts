import { defaultLimits } from '../sandbox/backend.js';
import type { VerilogPool } from './pool.js';

/** A text that tries to reach what is outside of it, to fool the proof, or to cost more than its limits. */
export interface VerilogEscape {
  readonly name: string;
  readonly response: string;
  /** Default: `and` of two inputs. */
  readonly reference?: string;
}

const ports = 'input a, b, output y';
const wrong = (extra: string): string => `module top(${ports}); ${extra} assign y = a | b; endmodule`;
const clocked = (body: string): string => `module top(input clk, d, output reg q); ${body} endmodule`;
const flop = clocked('always @(posedge clk) q <= d;');
const doublings = Array.from({ length: 40 }, (_, at) => `\`define m${at + 1} \`m${at} \`m${at}`).join('\n');

/** Attempts; none of them may be judged equal to its reference. */
export const verilogEscapes: readonly VerilogEscape[] = [
  { name: 'an include of a host file', response: `\`include "/etc/passwd"\n${wrong('')}` },
  { name: 'an include of the reference', response: '`include "reference.sv"\n`include "design.sv"' },
  { name: 'a memory read from a file', response: wrong('reg [7:0] m[0:3]; initial $readmemh("/etc/passwd", m);') },
  { name: 'a file that is opened', response: wrong('integer f; initial f = $fopen("/tmp/escaped", "w");') },
  { name: 'a shell command', response: wrong('initial $system("touch /tmp/escaped");') },
  {
    name: 'a foreign function',
    response: `import "DPI-C" function int system(input string s);\n${wrong('initial system("id");')}`,
  },
  { name: 'a system task put together by macros', response: `\`define r $read\n${wrong('initial `r``memh("x", y);')}` },
  { name: 'an assumption that is never met', response: wrong('always @* assume (0);') },
  { name: 'a clocked assumption', response: wrong('assume property (a == b);') },
  { name: 'an assumption on the inputs', response: wrong('always @* assume (a == b);') },
  { name: 'an assertion', response: wrong('always @* assert (1);') },
  { name: 'a value that the solver chooses', response: `module top(${ports}); assign y = $anyseq; endmodule` },
  { name: 'a constant that the solver chooses', response: `module top(${ports}); assign y = $anyconst ^ a; endmodule` },
  { name: 'the attribute anyseq', response: `module top(${ports}); (* anyseq *) wire y; endmodule` },
  {
    name: 'the attribute anyconst on a register',
    response: `module top(${ports}); (* anyconst *) reg k; assign y = k; endmodule`,
  },
  { name: 'an unknown value everywhere', response: `module top(${ports}); assign y = 1'bx; endmodule` },
  { name: 'an undriven output', response: `module top(${ports}); endmodule` },
  {
    name: 'an output of high impedance',
    response: `module top(${ports}); assign y = (a & b) ? 1'b1 : 1'bz; endmodule`,
  },
  { name: 'two drivers', response: `module top(${ports}); assign y = a & b; assign y = a | b; endmodule` },
  {
    name: 'a black box',
    response: `(* blackbox *) module box(${ports}); endmodule module top(${ports}); box u(a, b, y); endmodule`,
  },
  { name: 'a black box as the top', response: `(* blackbox *) module top(${ports}); endmodule` },
  { name: 'a module that is not there', response: `module top(${ports}); gold u(a, b, y); endmodule` },
  {
    name: 'the name of the reference',
    response: `module reference(${ports}); assign y = a & b; endmodule ${wrong('')}`,
  },
  { name: 'a path into another module', response: `module top(${ports}); assign y = gold.y; endmodule` },
  { name: 'a path into the top', response: `module top(${ports}); assign y = miter.gold.y; endmodule` },
  {
    name: 'a binding',
    response: `module spy(${ports}); assign y = a & b; endmodule\nbind gold spy s(.*);\n${wrong('')}`,
  },
  { name: 'a cell of the tool', response: `module top(${ports}); \\$_AND_ g(.A(a), .B(b), .Y(y)); endmodule` },
  {
    name: 'a primitive of the tool',
    response: `module top(${ports}); \\$assume g(.A(1'b0), .EN(1'b1)); assign y = a; endmodule`,
  },
  {
    name: 'a pragma that hides code',
    response: wrong('/* synopsys translate_off */').replace('a | b;', 'a | b; // synopsys translate_off\n'),
  },
  {
    name: 'a case that claims to be full',
    response: `module top(${ports}); reg r; assign y = r; always @* case ({a, b}) /* synopsys full_case */ 2'b11: r = 1; endcase endmodule`,
  },
  {
    name: 'a case that claims to be parallel',
    response: `module top(${ports}); reg r; assign y = r; always @* (* parallel_case, full_case *) case (1'b1) a: r = 0; b: r = 1; endcase endmodule`,
  },
  {
    name: 'a loop without a register',
    response: `module top(${ports}); wire w; assign w = w ^ a; assign y = w & b; endmodule`,
  },
  {
    name: 'a latch that holds',
    response: `module top(${ports}); reg r; assign y = r; always @* if (a) r = b; endmodule`,
  },
  {
    name: 'a first value that hides an error',
    reference: flop,
    response: clocked('initial q = 0; always @(posedge clk) q <= d & q;'),
  },
  { name: 'the other edge', reference: flop, response: clocked('always @(negedge clk) q <= d;') },
  { name: 'a latch for a flip-flop', reference: flop, response: clocked('always @* if (clk) q = d;') },
  { name: 'a gated clock', reference: flop, response: clocked('wire c = clk & d; always @(posedge c) q <= d;') },
  {
    name: 'a delay in an initial block',
    reference: flop,
    response: clocked('initial begin q = 0; #1000 q = 1; end always @(posedge clk) q <= d;'),
  },
  {
    name: 'an error after 300 cycles',
    reference: flop,
    response: clocked(
      'reg [8:0] n; initial n = 0; always @(posedge clk) begin if (n != 300) n <= n + 1; q <= d ^ (n == 300); end',
    ),
  },
  {
    name: 'an error after four billion cycles',
    reference: flop,
    response: clocked('reg [31:0] n; initial n = 0; always @(posedge clk) begin n <= n + 1; q <= d ^ (&n); end'),
  },
  {
    name: 'an error behind a key of 40 bits',
    reference: 'module top(input [39:0] k, input d, output q); assign q = d; endmodule',
    response: "module top(input [39:0] k, input d, output q); assign q = d ^ (k == 40'h5ca1ab1e77); endmodule",
  },
  { name: 'a definition of the language', response: '`define module endmodule\nmodule top(input a); endmodule' },
  {
    name: 'macros that double 40 times',
    response: `\`define m0 a +\n${doublings}\nmodule top(${ports}); assign y = \`m40 b; endmodule`,
  },
  { name: 'a macro of itself', response: `\`define m \`m\nmodule top(${ports}); assign y = \`m; endmodule` },
  {
    name: 'a billion copies',
    response: `module top(${ports}); genvar i; generate for (i = 0; i < 1000000000; i = i + 1) begin:g wire w = a & b; end endgenerate assign y = a; endmodule`,
  },
  {
    name: 'a loop without an end',
    response: `module top(${ports}); reg r; assign y = r; always @* begin r = a; while (1) r = !r; end endmodule`,
  },
  { name: 'a memory of a gigabyte', response: wrong('reg [31:0] m [0:268435455]; always @* m[a] = b;') },
  { name: 'a wire of two billion bits', response: wrong('wire [2147483646:0] w = {2147483647{a}};') },
  {
    name: 'a parameter that instantiates itself',
    response: `module r #(parameter N = 1)(${ports}); r #(N + 1) u(a, b, y); endmodule module top(${ports}); r u(a, b, y); endmodule`,
  },
  { name: 'a module within itself', response: `module top(${ports}); top u(a, b, y); endmodule` },
  {
    name: 'ten thousand brackets',
    response: `module top(${ports}); assign y = ${'('.repeat(10_000)}a${')'.repeat(10_000)}; endmodule`,
  },
  {
    name: 'a product that no solver factors',
    reference: 'module top(input [31:0] a, b, input [63:0] p, output y); assign y = 0; endmodule',
    response:
      "module top(input [31:0] a, b, input [63:0] p, output y); assign y = a * b == 64'hd3a4b1f09c57e2e9 && a > 1 && b > 1; endmodule",
  },
];

const AND = `module top(${ports}); assign y = a & b; endmodule`;

/** Runs an attempt: how the process or the comparison ended. The wall holds when that is not `equal`. */
export async function attemptVerilog(
  { response, reference = AND }: VerilogEscape,
  pool: VerilogPool,
  wallMs = 20_000,
): Promise<{ readonly ended: string; readonly detail: string }> {
  const report = await pool.run({ response, reference }, { ...defaultLimits, wallMs, memoryMb: 512 });
  if (report.ended !== 'finished') return { ended: report.ended, detail: report.detail };
  const { value } = report;
  switch (value.found) {
    case 'rejected':
    case 'reference':
      return { ended: value.found, detail: `${value.reason}: ${value.feedback}` };
    case 'different':
      return { ended: value.found, detail: value.trace };
    case 'open':
      return { ended: value.found, detail: `${value.depth} steps` };
    case 'described':
      return { ended: value.found, detail: '' };
    case 'equal':
      return { ended: value.found, detail: value.method };
  }
}
