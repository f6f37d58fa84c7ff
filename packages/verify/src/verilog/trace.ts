import type { Literal } from './aig.js';
import type { Miter } from './miter.js';
import { replay, type Stimulus } from './simulate.js';

/** Values of one port, step by step, in hexadecimal; `x` where the reference leaves a bit open. */
export interface TraceColumn {
  readonly port: string;
  readonly values: readonly string[];
}

/** A run in which the circuits differ, from power-on to the step in which they do. */
export interface CounterExample {
  readonly steps: number;
  readonly inputs: readonly TraceColumn[];
  readonly expected: readonly TraceColumn[];
  readonly got: readonly TraceColumn[];
  /** Outputs that differ in the last step. */
  readonly differing: readonly string[];
  /** Whether the clock had its edge after each step; null where every step is one edge. */
  readonly edges: readonly boolean[] | null;
}

/** Runs a stimulus through both sides again. Null where they do not differ at its end: it is no counter-example. */
export function counterExample(miter: Miter, stimulus: Stimulus): CounterExample | null {
  const { aig, bad, inputs, outputs, tick } = miter;
  const ports = outputs.map(({ expected, got }) => ({ expected, got }));
  const watched: Literal[] = [
    bad,
    tick,
    ...inputs.flatMap(({ bits }) => bits),
    ...ports.flatMap(({ expected, got }) => [...expected.flatMap(({ can1, can0 }) => [can1, can0]), ...got]),
  ];
  const at = new Map(watched.map((literal, index) => [literal, index]));
  const steps = replay(aig, stimulus, watched);
  if (steps.at(-1)?.[0] !== 1) return null;
  const bit = (step: readonly number[], literal: Literal): string => String(step[at.get(literal)!]);
  const column = (port: string, bits: readonly ((step: readonly number[]) => string)[]): TraceColumn => ({
    port,
    values: steps.map((step) => literalOf(bits.map((each) => each(step)).reverse())),
  });
  const expected = outputs.map(({ name, expected: rails }) =>
    column(
      name,
      rails.map(
        ({ can1, can0 }) =>
          (step) =>
            bit(step, can1) === bit(step, can0) ? 'x' : bit(step, can1),
      ),
    ),
  );
  const plain = (name: string, bits: readonly Literal[]): TraceColumn =>
    column(
      name,
      bits.map((literal) => (step) => bit(step, literal)),
    );
  const got = outputs.map(({ name, got: bits }) => plain(name, bits));
  const last = steps.at(-1)!;
  const differing = outputs
    .filter(({ expected: rails, got: bits }) =>
      rails.some(({ can1, can0 }, index) => {
        const known = bit(last, can1) !== bit(last, can0);
        return known && bit(last, can1) !== bit(last, bits[index]!);
      }),
    )
    .map(({ name }) => name);
  return {
    steps: steps.length,
    inputs: inputs.filter(({ name }) => name !== miter.clock?.port).map(({ name, bits }) => plain(name, bits)),
    expected,
    got,
    differing,
    edges: tick === 1 ? null : steps.map((step) => bit(step, tick) === '1'),
  };
}

/** Hexadecimal digits of a word whose most significant bit comes first; in binary where a digit is partly open. */
function literalOf(bits: readonly string[]): string {
  if (bits.length === 1) return bits[0]!;
  const padded = [...Array<string>((4 - (bits.length % 4)) % 4).fill('0'), ...bits].join('');
  const digits = padded.match(/.{4}/g) ?? [];
  if (bits.every((bit) => bit === 'x')) return 'x';
  if (digits.some((digit) => digit.includes('x') && digit !== 'xxxx')) return `b${bits.join('')}`;
  return `h${digits.map((digit) => (digit === 'xxxx' ? 'x' : Number.parseInt(digit, 2).toString(16))).join('')}`;
}

/** Steps that a table shows; of a longer run the last ones. */
const MAX_ROWS = 12;

const MAX_COLUMNS = 12;

/** The run as a table of text: a row for each step, then what was expected and what came. */
export function traceTable(example: CounterExample): string {
  const from = Math.max(0, example.steps - MAX_ROWS);
  const shown = (columns: readonly TraceColumn[]): readonly TraceColumn[] =>
    [...columns].sort((a, b) => rank(a, example) - rank(b, example)).slice(0, MAX_COLUMNS);
  const outputs = shown(example.expected).map(({ port }) => port);
  const columns = [
    { title: 'step', values: Array.from({ length: example.steps }, (_, step) => String(step)) },
    ...(example.edges === null ? [] : [{ title: 'edge', values: example.edges.map((edge) => (edge ? 'yes' : 'no')) }]),
    ...example.inputs.slice(0, MAX_COLUMNS).map(({ port, values }) => ({ title: port, values })),
    ...outputs.flatMap((port) => [
      { title: `${port} expected`, values: example.expected.find((each) => each.port === port)!.values },
      { title: `${port} got`, values: example.got.find((each) => each.port === port)!.values },
    ]),
  ];
  const cut = columns.map(({ title, values }) => [title, ...values.slice(from)].map((cell) => clip(cell)));
  const widths = cut.map((cells) => Math.max(...cells.map((cell) => cell.length)));
  const rows = cut[0]!.map((_, row) => cut.map((cells, index) => cells[row]!.padStart(widths[index]!)).join(' | '));
  return rows.join('\n');
}

function rank({ port }: TraceColumn, { differing }: CounterExample): number {
  return differing.includes(port) ? 0 : 1;
}

/** Long words keep their ends. */
function clip(cell: string): string {
  return cell.length <= 24 ? cell : `${cell.slice(0, 14)}..${cell.slice(-8)}`;
}
