import type { VerifierFixture } from '../fixtures.js';

const fenced = (code: string): string => `Here is the module.\n\`\`\`verilog\n${code}\n\`\`\`\n`;

const adder = 'module top(input [3:0] a, b, output [4:0] s); assign s = a + b; endmodule';

const counter = `module top(input clk, input rst, output reg [3:0] q);
  always @(posedge clk) if (rst || q == 9) q <= 0; else q <= q + 1;
endmodule`;

const decoder = `module top(input [1:0] s, output reg [3:0] y);
  always @* case (s) 0: y = 1; 1: y = 2; 2: y = 4; default: y = 4'bx; endcase
endmodule`;

const asyncReset = `module top(input clk, input areset, input d, output reg q);
  always @(posedge clk, posedge areset) if (areset) q <= 0; else q <= d;
endmodule`;

const parity = (quotient: string): string =>
  `module top(input [1:0] a, b, output y); wire [1:0] q = ${quotient}; assign y = ^q; endmodule`;

/** Cases of every kind that `verifyVerilog` must judge so. */
export const verilogFixtures: readonly VerifierFixture[] = [
  {
    kind: 'full',
    response: fenced(`module full(input x, y, c, output s, o);
  assign s = x ^ y ^ c; assign o = (x & y) | (c & (x ^ y));
endmodule
module top(input [3:0] a, b, output [4:0] s);
  wire [4:0] c; assign c[0] = 0; assign s[4] = c[4];
  genvar i; generate for (i = 0; i < 4; i = i + 1) begin:bits
    full f(a[i], b[i], c[i], s[i], c[i+1]);
  end endgenerate
endmodule`),
    reference: adder,
    reason: 'equivalent',
  },
  {
    kind: 'full',
    response: fenced(`module top(input clk, rst, output [3:0] q);
  reg [3:0] left; assign q = 4'd9 - left;
  always @(posedge clk) left <= (rst | left == 0) ? 4'd9 : left - 4'd1;
endmodule`),
    reference: counter,
    reason: 'equivalent',
  },
  // Any value may stand where the reference leaves one open.
  { kind: 'full', response: fenced(decoder.replace("4'bx", "4'd8")), reference: decoder },
  { kind: 'full', response: `<think>hm</think>${asyncReset}`, reference: { code: asyncReset, top: 'top' } },
  { kind: 'zero', response: fenced(adder.replace('+', '-')), reference: adder, reason: 'different' },
  { kind: 'zero', response: fenced(counter.replace('== 9', '== 10')), reference: counter, reason: 'different' },
  { kind: 'zero', response: fenced(counter.replace('rst ||', '!rst ||')), reference: counter, reason: 'different' },
  // Not the other way round: what the reference fixes must not be left open.
  { kind: 'zero', response: fenced(decoder), reference: decoder.replace("4'bx", "4'd8"), reason: 'different' },
  // Two bits of an unknown quotient need not agree, so that their parity is as unknown.
  {
    kind: 'zero',
    response: fenced(parity('a / b')),
    reference: parity("b == 0 ? 2'd0 : a / b"),
    reason: 'different',
  },
  {
    kind: 'zero',
    response: fenced(asyncReset.replace(', posedge areset', '')),
    reference: asyncReset,
    reason: 'different',
  },
  { kind: 'zero', response: fenced(adder.replace('[4:0]', '[3:0]')), reference: adder, reason: 'ports-differ' },
  { kind: 'zero', response: fenced('module top(input a'), reference: adder, reason: 'syntax-error' },
  { kind: 'zero', response: 'I cannot do this.', reference: adder, reason: 'no-answer' },
  {
    kind: 'malformed',
    response: fenced(adder),
    reference: adder,
    options: { unproven: 'correct' },
    reason: 'unknown-option',
  },
  { kind: 'malformed', response: fenced(adder), reference: adder, options: { depth: 0 }, reason: 'bad-option' },
  { kind: 'malformed', response: fenced(adder), reference: 7, reason: 'bad-reference' },
  { kind: 'malformed', response: fenced(adder), reference: 'module top(', reason: 'reference-syntax-error' },
  {
    kind: 'malformed',
    response: fenced('module top(input clk, output q); assign q = 0; endmodule'),
    reference: 'module top(input clk, output reg q); always @(posedge clk) q <= !q; endmodule',
    reason: 'reference-undefined',
  },
];
