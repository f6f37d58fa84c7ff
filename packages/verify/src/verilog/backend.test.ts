import { beforeAll, describe, expect, test } from 'vitest';
import { prepare, run, type VerilogJob } from './backend.js';

beforeAll(() => prepare(), 60_000);

const found = (reference: string, response: string, more: Partial<VerilogJob> = {}) =>
  run({ reference, response, ...more });

describe('memories', () => {
  const memory = (read: string): string => `module m(input clk, we, input [2:0] a, input [1:0] d, output [1:0] y);
    reg [1:0] words [0:3]; always @(posedge clk) if (we) words[a] <= d; assign y = ${read}; endmodule`;
  const guarded = memory("a > 3 ? 2'd0 : words[a]");

  test('what lies beyond the words is unknown, and not another word', { timeout: 60_000 }, () => {
    expect(found(memory('words[a]'), guarded)).toMatchObject({ found: 'equal' });
    expect(found(memory('words[a]'), memory("a > 3 ? 2'd0 : ~words[a]"))).toMatchObject({ found: 'different' });
    expect(found(guarded, memory('words[a]'))).toMatchObject({ found: 'different' });
    expect(found(memory('words[a[1:0]]'), memory('words[a]'))).toMatchObject({ found: 'different' });
  });

  test('words that are not numbered from 0, or not a power of 2', { timeout: 60_000 }, () => {
    const from2 = memory("a < 2 || a > 6 ? 2'd0 : words[a]").replace('[0:3]', '[2:6]');
    const eight = memory("a < 2 || a > 6 ? 2'd0 : words[a]").replace('[0:3]', '[0:7]');
    expect(found(eight, from2)).toMatchObject({ found: 'equal' });
    expect(found(from2.replace('a > 6', 'a > 5'), from2)).toMatchObject({ found: 'different' });
    expect(found(from2.replace('a < 2', 'a < 3'), from2)).toMatchObject({ found: 'different' });
    expect(found(eight, from2.replace('a < 2 ||', ''))).toMatchObject({ found: 'different' });
  });
});

/** Of this text the names that yosys makes up in its second run are among those of the first. */
const crowded = `module m(input clk, clk2, rst, srst, en, input [2:0] d, output [2:0] oq, op, or_, ol, om, output [1:0] ot);
reg [2:0] q, p, r, l; reg [1:0] t; reg [2:0] mem [0:3]; integer i; initial begin q = 7; p = 0; r = 5; t = 2; l = 0; for (i = 0; i < 4; i = i + 1) mem[i] = i + 2; end
wire gc = clk ^ clk2;
always @(negedge clk2) begin q <= ({1'b0,t} + mem[{en,d[0]}]); if (d[0]) q[2] <= en; end
always @(posedge clk2) begin p <= (d < r ? mem[t] : mem[{en,d[0]}]); if (d[0]) p[1] <= en; end
always @(posedge gc, posedge rst) if (rst) r <= 3'd7; else case (t) 0: r <= ~q; 2: r <= ~q; 2'd3: if (en) r <= r; endcase
always @(posedge clk) t <= t + 1;
always @(posedge clk2) if (d[1]) mem[q[1:0]] <= r;
always @* begin if (!srst) l[1:0] = d[1:0]; if (en) l[2] = d[2]; end
assign oq = q, op = p, or_ = r , ol = l, om = mem[{en,clk}], ot = t; endmodule`;

test('names that are made up twice do not meet', { timeout: 60_000 }, () => {
  expect(found(crowded, crowded)).toMatchObject({ found: 'equal' });
});

describe('a clock that is also data', () => {
  const part = (next: string): string => `module m(input clk, input [3:0] d, output y, output [3:0] o);
    reg [3:0] q, p; initial begin q = 0; p = 0; end
    always @(posedge clk) begin q <= ${next}; p <= q + 4'd3; end
    assign o = p; assign y = clk & (^q); endmodule`;

  test('is proved over registers that agree', { timeout: 60_000 }, () => {
    expect(found(part('d + q'), part('~(~d - q)'))).toMatchObject({ found: 'equal', method: 'induction' });
    expect(found(part('d + q'), part('~(~d + q)'))).toMatchObject({ found: 'different' });
  });
});

describe('a reset that is named', () => {
  // Both need two edges of the clock while the reset is given; only then are the outputs known.
  const part = (next: string, out = 'q'): string => `module m(input clk, rst, d, output y);
    reg s, q; always @(posedge clk) begin s <= rst; if (rst && s) q <= 0; else q <= ${next}; end assign y = ${out}; endmodule`;
  const reset = { port: 'rst', activeLow: false, cycles: 2 };

  test('is held for edges of the clock where a step need not be one', { timeout: 60_000 }, () => {
    for (const out of ['q', 'clk & q']) {
      const job = (next: string) => found(part('q ^ d', out), part(next, out), { reset, powerOn: 'any' });
      expect(job('d ^ q'), out).toMatchObject({ found: 'equal' });
      expect(job('q | d'), out).toMatchObject({ found: 'different' });
    }
  });

  test('is held for edges where a response waits for none', { timeout: 60_000 }, () => {
    const asynchronous = part('q ^ d').replace(
      '@(posedge clk)',
      '@(posedge clk, posedge rst) if (rst) {s, q} <= 2; else',
    );
    expect(found(part('q ^ d'), asynchronous, { reset })).toMatchObject({ found: 'equal' });
    expect(found(part('q ^ d'), asynchronous.replace('^', '|'), { reset })).toMatchObject({ found: 'different' });
  });
});

test('a reference that is too large is no fault of the response', { timeout: 60_000 }, () => {
  const large = 'module m(input [511:0] a, b, output [511:0] y); assign y = a * b + a / b; endmodule';
  const small = 'module m(input [511:0] a, b, output [511:0] y); assign y = a; endmodule';
  expect(found(large, small)).toMatchObject({ found: 'reference', reason: 'reference-too-large' });
  expect(found(small, large)).toMatchObject({ found: 'rejected', reason: 'too-large' });
});
