import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attemptVerilog, verilogEscapes } from './escapes.js';
import { verilogFixtures } from './fixtures.js';
import { mutants } from './mutants.js';
import { verilogPool, type VerilogPool } from './pool.js';
import { renamed, rewrites } from './rewrites.js';
import { cleanSource } from './source.js';
import { hasSimulator, simulateVerilog } from './simulation.js';
import { tokenize, topModule } from './tokens.js';
import { verifyVerilog } from './verify-verilog.js';

/** Far above what a comparison takes alone on a core. */
const PATIENCE = 120_000;

let pool: VerilogPool;

beforeAll(() => {
  pool = verilogPool(1);
});

afterAll(() => pool.close());

const judge = (response: string, reference: unknown, options = {}) =>
  verifyVerilog(response, reference, { timeoutMs: 60_000, ...options }, { pool });

describe('verifyVerilog', () => {
  test('a text in which modules begin and none ends holds no module', async () => {
    expect(await judge('module '.repeat(140_000), 'module m; endmodule')).toMatchObject({ reason: 'no-answer' });
    expect(await judge('endmodule module m', 'module m; endmodule')).toMatchObject({ reason: 'no-answer' });
  });

  test.each(verilogFixtures)('$kind: $reason', { timeout: PATIENCE }, async (fixture) => {
    const { kind, response, reference, options, reason } = fixture;
    const verdict = await judge(response, reference, options);
    if (kind === 'full') expect(verdict).toMatchObject({ outcome: 'correct', score: 1 });
    else expect(verdict.score).toBe(0);
    if (kind === 'zero') expect(verdict.outcome).toBe('incorrect');
    if (reason !== undefined) expect(verdict.reason).toBe(reason);
    const { elapsedMs: _, ...again } = await judge(response, reference, options);
    expect(verdict).toMatchObject(again);
  });

  test('a counter-example shows the inputs, what was expected and what came', { timeout: PATIENCE }, async () => {
    const source =
      'module m(input clk, r, d, output reg q); always @(posedge clk) if (r) q <= 0; else q <= d; endmodule';
    const { feedback, parts } = await judge(source.replace('q <= d', 'q <= !d'), source);
    const rows = feedback.split('\n').slice(1);
    expect(rows[0]!.split('|').map((cell) => cell.trim())).toEqual(['step', 'r', 'd', 'q expected', 'q got']);
    const [, r, d] = rows
      .at(-2)!
      .split('|')
      .map((cell) => cell.trim());
    const [, , , expected, got] = rows
      .at(-1)!
      .split('|')
      .map((cell) => cell.trim());
    expect(r).toBe('0');
    expect([expected, got]).toEqual([d, d === '1' ? '0' : '1']);
    expect(rows).toHaveLength(1 + parts['steps']!);
  });

  test('a reset can be named, and is then held first and not given again', { timeout: PATIENCE }, async () => {
    const part = (extra: string): string => `module m(input clk, rst_n, output reg [2:0] q);
      always @(posedge clk) if (!rst_n) q <= 0; else q <= q + 1; ${extra} endmodule`;
    const late = `module m(input clk, rst_n, output reg [2:0] q); reg [2:0] n;
      always @(posedge clk) begin if (!rst_n) begin q <= 0; n <= 0; end else q <= q + 1;
        if (rst_n && n < 4) n <= n + 1; if (!rst_n && n > 2) q <= 5; end endmodule`;
    expect(await judge(late, part(''))).toMatchObject({ outcome: 'incorrect', reason: 'different' });
    const reset = { port: 'rst_n', activeLow: true, cycles: 2 };
    expect(await judge(part(''), part(''), { reset })).toMatchObject({ outcome: 'correct' });
    expect(await judge(late, part(''), { reset: { ...reset, cycles: 1 }, powerOn: 'zero' })).toMatchObject({
      outcome: 'correct',
    });
    expect(await judge(part(''), part(''), { reset: { port: 'no' } })).toMatchObject({ reason: 'bad-reset' });
  });

  test(
    'registers without a first value start anywhere, unless the reference relies on first values',
    { timeout: PATIENCE },
    async () => {
      const toggle = (first: string): string =>
        `module m(input clk, t, output reg q); ${first} always @(posedge clk) q <= q ^ t; endmodule`;
      expect(await judge(toggle(''), toggle('initial q = 0;'))).toMatchObject({ outcome: 'correct' });
      expect(await judge(toggle(''), toggle('initial q = 1;'))).toMatchObject({ outcome: 'incorrect' });
      expect(await judge(toggle(''), toggle('initial q = 0;'), { powerOn: 'any' })).toMatchObject({
        outcome: 'incorrect',
      });
    },
  );

  test('options and signals', { timeout: PATIENCE }, async () => {
    const source = 'module m(input a, output y); assign y = a; endmodule';
    expect(await judge(source, source, { unproved: 'yes' })).toMatchObject({
      outcome: 'unscorable',
      reason: 'bad-option',
    });
    expect(await judge(source, source, { top: 'absent' })).toMatchObject({
      outcome: 'incorrect',
      reason: 'no-top-module',
    });
    const given = verifyVerilog(source, source, {}, { pool, signal: AbortSignal.abort(new Error('enough')) });
    await expect(given).rejects.toThrow('enough');
  });

  test.each([
    [{ simulation: { outer: '1; $finish; for (;0' } }, 'whole numbers from 1'],
    [{ simulation: { inner: 0.5 } }, 'whole numbers from 1'],
    [{ simulation: { seed: 2 ** 31 } }, 'simulation.seed must be a whole number'],
    [{ simulation: { timeoutMs: 1e9 } }, 'no option is called timeoutMs'],
    [{ simulation: { unknown: 'any' } }, 'one of exact, open'],
    [{ simulation: [] }, 'simulation must be {'],
    [{ reset: { port: 'r', cycle: 2 } }, 'did you mean cycles?'],
    [{ reset: { port: 'r', activeLow: 'yes' } }, 'true or false'],
    [{ timeoutMs: 0 }, 'above 0'],
  ])('the options %j are refused before anything runs', async (options, message) => {
    const source = 'module m(input a, output b); assign b = a; endmodule';
    const verdict = await judge(source, source, { method: 'simulation', ...options });
    expect(verdict).toMatchObject({ outcome: 'unscorable', elapsedMs: 0 });
    expect(['bad-option', 'unknown-option']).toContain(verdict.reason);
    expect(verdict.feedback).toContain(message);
  });

  test.runIf(hasSimulator())('the test bench of CodeV-R1 agrees on clear cases', { timeout: PATIENCE }, async () => {
    const source = `module m(input clk, input rst, input [39:0] d, output reg [39:0] q);
      always @(posedge clk) if (rst) q <= 0; else q <= d; endmodule`;
    const simulated = (response: string) =>
      judge(response, source, { method: 'simulation', simulation: { outer: 3, inner: 40 } });
    expect(await simulated(renamed(source))).toMatchObject({
      outcome: 'correct',
      reason: 'no-difference',
      parts: { errorRate: 0 },
    });
    expect(await simulated(source.replace('q <= d', 'q <= ~d'))).toMatchObject({
      outcome: 'incorrect',
      reason: 'different',
    });
    expect(await simulated(source.replace('q <= 0;', 'begin q <= 0; $fopen("x"); end'))).toMatchObject({
      reason: 'refused',
    });
    const forged = source.replace('endmodule', 'initial $display("bench_0 0 1"); endmodule').replace('<= d', '<= 1');
    expect(await simulated(forged)).toMatchObject({ outcome: 'incorrect', reason: 'different' });
    const chatter = `always @(posedge clk) begin ${'$display("%b", {100{q}});'.repeat(10)} end endmodule`;
    expect(await simulated(source.replace('endmodule', chatter))).toMatchObject({
      outcome: 'incorrect',
      reason: 'rejected',
    });
  });

  test.runIf(hasSimulator())(
    'a response cannot hand its inputs on to the reference',
    { timeout: PATIENCE },
    async () => {
      const source = 'module m(input a, b, output y); assign y = a & b; endmodule';
      const simulated = (response: string, reference = source) =>
        judge(response, reference, { method: 'simulation', simulation: { outer: 2, inner: 20 } });
      const hidden = source.replace(
        'assign y = a & b;',
        '`ifdef __ICARUS__ m_gold u(a, b, y); `else assign y = a | b; `endif',
      );
      expect(await simulated(hidden)).toMatchObject({ outcome: 'incorrect', reason: 'compile-error' });
      // Undeclared names are the response's own affair, and what the reference leaves undriven is open.
      const implicit = source.replace('assign y = a & b;', 'assign w = a & b; assign y = w;');
      expect(await simulated(implicit, `\`default_nettype none\n${source}`)).toMatchObject({ outcome: 'correct' });
      const undriven = source.replace('a & b', "a ? b : 1'bz");
      expect(await simulated(source, undriven)).toMatchObject({ outcome: 'correct' });
      expect(await simulated(source.replace('&', '|'), undriven)).toMatchObject({ outcome: 'incorrect' });
    },
  );

  test.runIf(hasSimulator())('a simulation that is given up says nothing of the module', async () => {
    const source = 'module m(input a, output b); assign b = a; endmodule';
    const wire = (name: string) => [{ name, width: 1 }];
    const facts = { top: 'm', inputs: wire('a'), outputs: wire('b'), clocks: [], resets: [] };
    const endless = { outer: 1_000_000, signal: AbortSignal.timeout(300) };
    await expect(simulateVerilog(source, source, facts, endless)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('the wall', () => {
  /** Those that end only with their deadline are left to the longer suite. */
  const quick = verilogEscapes.filter(({ name }) => !/billion|gigabyte|instantiates itself|factors|key of/.test(name));

  test.each(quick)('$name is not judged equal', { timeout: PATIENCE }, async (escape) => {
    const { ended, detail } = await attemptVerilog(escape, pool, 60_000);
    expect(['rejected', 'different'], detail).toContain(ended);
  });

  test('a bomb ends at its limit, and the next job is answered', { timeout: PATIENCE }, async () => {
    const bomb = verilogEscapes.find(({ name }) => name === 'a billion copies')!;
    expect(['timeout', 'memory']).toContain((await attemptVerilog(bomb, pool, 1500)).ended);
    const source = 'module m(input a, output y); assign y = a; endmodule';
    expect(await judge(source, source)).toMatchObject({ outcome: 'correct' });
  });
});

describe('text', () => {
  test('tokens joined are the source, whatever it is', () => {
    for (const { response } of verilogEscapes) {
      expect(
        tokenize(response)
          .map(({ text }) => text)
          .join(''),
      ).toBe(response);
    }
  });

  test('attributes and comments go, sensitivity lists stay', () => {
    const cleaned = cleanSource(
      '(* keep *) module m; always @(*) x = 1; // synopsys translate_off\nalways @( * ) y = 2; endmodule',
    );
    expect(cleaned).toMatchObject({ ok: true });
    expect(cleaned.ok && cleaned.text.replaceAll(/\s+/g, ' ').trim()).toBe(
      'module m; always @(*) x = 1; always @( * ) y = 2; endmodule',
    );
  });

  test('rewrites behave as their source does', { timeout: PATIENCE }, async () => {
    const sources = [
      '`timescale 1ns / 1ps\n`default_nettype none\n`define W 3\nmodule m(input wire [`W:0] a, output wire [`W:0] y); wire [`W:0] w; assign w = ~a; assign y = w; endmodule',
      'module m(input [1:0] a, c, x, y, output reg z, w); always @* begin z = (a <= c ? x : y); w <= c ? x : y; end endmodule',
      "module m(input a, b, output reg [1:0] y); always @* case (1'b1) a: y = 1; b: y = 2; default: y = 0; endcase endmodule",
      "module m(input [1:0] a, output reg y); always @* case (a) 2'd1: y = 1; 2'b01: y = 0; default: y = 0; endcase endmodule",
      'module m(input [1:0] a, output reg y); localparam P = 1, Q = 2; always @* case (a) P: y = 1; Q: y = 0; default: y = 1; endcase endmodule',
    ];
    const kinds = new Set<string>();
    for (const source of sources) {
      for (const { source: changed, change } of rewrites(source)) {
        expect(await judge(changed, source), `${change}: ${changed}`).toMatchObject({ outcome: 'correct' });
        kinds.add(change.split(',')[0]!);
      }
    }
    expect([...kinds]).toEqual(['inner names', 'turned choice', 'reordered cases']);
  });

  test('the top module is the one with most below it', () => {
    expect(topModule('module a; b u(); endmodule module b; endmodule module c; endmodule')).toBe('a');
    expect(topModule('module a; endmodule module c; endmodule')).toBe('a');
    expect(topModule('no modules')).toBeNull();
  });

  test('a megabyte of any unit is tokenised and cleaned in linear time', () => {
    for (const unit of ['(*', '/*', '"', '`a', '[', "4'b", 'initial ', 'module a; endmodule\n', '`define a\n']) {
      const started = performance.now();
      tokenize(unit.repeat(1_000_000 / unit.length));
      cleanSource(unit.repeat(Math.floor(130_000 / unit.length)));
      expect(performance.now() - started, unit).toBeLessThan(8000);
    }
  });
});

const data = new URL('../../../../../shared/data/verilog-eval/spec-to-rtl.jsonl', import.meta.url);

describe.skipIf(!existsSync(data))('verilog-eval (needs ../shared/data)', () => {
  const problems = (existsSync(data) ? readFileSync(data, 'utf8').split('\n').filter(Boolean) : []).map(
    (line) => JSON.parse(line) as { id: string; reference: string },
  );
  const sample = problems.filter((_, index) => index % 26 === 17);

  test.each(sample)('$id', { timeout: PATIENCE }, async ({ reference }) => {
    for (const { source, change } of rewrites(reference).slice(0, 3)) {
      expect(await judge(source, reference), change).toMatchObject({ outcome: 'correct' });
    }
    const [mutant] = mutants(reference);
    if (mutant !== undefined) expect((await judge(mutant.source, reference)).reason).toBe('different');
  });
});
