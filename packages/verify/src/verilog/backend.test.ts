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
