import { z } from 'zod';
import type { Random } from '../../random.js';
import { nearMiss } from './draw.js';
import { fault } from './family.js';
import type { Family, Line } from './family.js';
import { quote, squeeze } from './text.js';

const base = z.int().min(2).max(16);

const knobs = z
  .strictObject({
    largest: z.int().min(3).max(1_000_000_000).default(99).describe('values are drawn from 1 to this'),
    from: z.array(base).min(1).default([2, 10]).describe('bases the question is written in'),
    to: z.array(base).min(1).default([2, 8, 10]).describe('bases the answer is asked in'),
  })
  .refine(({ from, to }) => from.some((a) => to.some((b) => a !== b)), {
    error: 'from and to must hold two different bases',
  });

type BasesKnobs = z.infer<typeof knobs>;

/** `numeral` is written in base `from` with the digits 0 to 9 and a to f, without leading zeros. */
type BasesProblem = { readonly numeral: string; readonly from: number; readonly to: number };

/**
 * First the numeral is read from the left: `value` is what its first `read` digits mean. Then the value is divided by
 * the new base: `value` is the quotient and `written` the digits found, the last one first found.
 */
interface ConversionState {
  readonly read: number;
  readonly value: number;
  readonly written: string;
}

function valueOf({ numeral, from }: BasesProblem): number {
  return Number.parseInt(numeral, from);
}

/** The next line with its result off by `off`; null when the value is smaller than the new base. */
function write(problem: BasesProblem, state: ConversionState, off: number): Line<ConversionState> | null {
  const { numeral, from, to } = problem;
  const { read, value, written } = state;
  if (read < numeral.length) {
    const digit = Number.parseInt(numeral.charAt(read), from);
    const result = value * from + digit + off;
    return { text: `${value}*${from}+${digit}=${result}`, state: { read: read + 1, value: result, written } };
  }
  if (to === 10 || value < to) return null;
  const quotient = Math.max(0, Math.floor(value / to) + off);
  const digit = value % to;
  const text = `${value}=${quotient}*${to}+${digit}`;
  return { text, state: { read, value: quotient, written: digit.toString(to) + written } };
}

function slipOnce(problem: BasesProblem, state: ConversionState, random: Random): Line<ConversionState> {
  const wrongDigit = state.read === problem.numeral.length && random.chance(0.5);
  // An excess is always a wrong line; a shortage could fall below 0.
  const line = write(problem, state, wrongDigit ? 0 : 1);
  if (line === null) throw new Error('bases.slip: the working is complete; ask next first');
  if (!wrongDigit) return line;
  const digit = (Number.parseInt(line.state.written.charAt(0), problem.to) + 1) % problem.to;
  const text = `${line.text.slice(0, line.text.lastIndexOf('+'))}+${digit}`;
  return { text, state: { ...line.state, written: digit.toString(problem.to) + line.state.written.slice(1) } };
}

/**
 * `base 10 to 2: 45` divides until the quotient is a digit: `45=22*2+1`, `22=11*2+0`, ...; `base 2 to 10: 1011` reads
 * digit by digit: `1*2+0=2`, `2*2+1=5`, `5*2+1=11`; other pairs of bases do one after the other.
 */
export const bases: Family<BasesKnobs, BasesProblem, ConversionState> = {
  name: 'bases',
  about: 'Converts a number between bases: reads its digits into a value, then divides by the new base.',
  knobs,
  levels: {
    easy: { largest: 31, from: [2, 10], to: [2, 10] },
    middling: { largest: 99, from: [2, 10], to: [2, 8, 10] },
    hard: { largest: 255, from: [2, 8, 10, 16], to: [2, 8, 10, 16] },
  },
  generate: (random, { largest, from, to }) => {
    const pairs = from.flatMap((a) => to.filter((b) => b !== a).map((b) => [a, b] as const));
    const [source, target] = random.pick(pairs);
    return { numeral: random.integer(1, largest).toString(source), from: source, to: target };
  },
  prompt: ({ numeral, from, to }) => `base ${from} to ${to}: ${numeral}`,
  key: (problem) =>
    `bases ${Math.min(problem.from, problem.to)} ${Math.max(problem.from, problem.to)}: ${valueOf(problem)}`,
  begin: ({ numeral, from }) =>
    from === 10
      ? { read: numeral.length, value: Number(numeral), written: '' }
      : { read: 1, value: Number.parseInt(numeral.charAt(0), from), written: '' },
  next: (problem, state) => write(problem, state, 0),
  conclude: ({ to }, { value, written }) => value.toString(to) + written,
  slip: slipOnce,
  guess: (problem, random) => nearMiss(random, BigInt(valueOf(problem))).toString(problem.to),
  accept: (problem, state, line) => {
    const right = bases.next(problem, state);
    if (right === null) return fault('extra-step', 'the conversion is already complete');
    const written = squeeze(line).toLowerCase();
    if (written === right.text) return right.state;
    if (written.split('=')[0] === right.text.split('=')[0]) return fault('wrong-result', 'the right side is wrong');
    return fault('wrong-operands', 'this is not the next step of the conversion');
  },
  judgeAnswer: (problem, answer) => {
    const numeral = answer
      .trim()
      .toLowerCase()
      .replace(/^0+(?=.)/, '');
    const digits = '0123456789abcdef'.slice(0, problem.to);
    if (numeral === '' || [...numeral].some((digit) => !digits.includes(digit))) {
      return fault('malformed', `the answer ${quote(answer)} is not a number in base ${problem.to}`);
    }
    const right = numeral === valueOf(problem).toString(problem.to);
    return right ? null : fault('not-equal', `the answer ${quote(numeral)} is wrong`);
  },
};
