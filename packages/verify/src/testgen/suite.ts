/**
 * Test suites for a problem with a trusted reference program and programs known to be wrong: candidates at the edges and
 * at random, a search for inputs that tell surviving wrong programs from the reference, the kill matrix, and the smallest
 * suite that keeps every kill (SAGA, arXiv 2507.06920, section 4; metrics of such matrices: `verifierQuality` and its
 * neighbours in the objectives package).
 */
import { seededDraw, type Draw } from '../hardening/random.js';
import { distinct, type InputGrammar } from './grammar.js';

/** What a program gave for one input: plain data, or nothing because it failed, ran too long or ended early. */
export type ProgramOutput =
  { readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly why: string };

/** Runs one program on many inputs, in a sandbox; as many outputs as inputs, in order. Never rejects for the program. */
export type Execute<Input> = (program: string, inputs: readonly Input[]) => Promise<readonly ProgramOutput[]>;

export type TestOrigin = 'given' | 'boundary' | 'random' | 'differential';

export interface GeneratedTest<Input> {
  readonly input: Input;
  /** Output of the first reference. */
  readonly expected: unknown;
  readonly origin: TestOrigin;
}

export interface SuiteRequest<Input> {
  readonly grammar: InputGrammar<Input>;
  /** Correct programs. The first gives the expected outputs; inputs on which the others disagree or fail are dropped. */
  readonly references: readonly string[];
  /** Wrong programs to tell apart: mutants, stored wrong submissions. */
  readonly wrong: readonly string[];
  readonly execute: Execute<Input>;
  readonly seed: number;
  /** Inputs written by somebody (a language model, the task's author); those that break the grammar are dropped. */
  readonly given?: readonly Input[];
  /** Random candidates; default 40. */
  readonly random?: number;
  /** Rounds of `random` further candidates while wrong programs survive; default 4. */
  readonly searchRounds?: number;
  /** Whether two outputs are the same answer; default: equal as JSON. */
  readonly same?: (expected: unknown, got: unknown) => boolean;
}

export interface GeneratedSuite<Input> {
  readonly tests: readonly GeneratedTest<Input>[];
  /** `kills[w][t]`: test t rejects wrong program w. */
  readonly kills: readonly (readonly boolean[])[];
  /** Indices of wrong programs that no test rejects: equivalent to the reference, or not found out. */
  readonly survivors: readonly number[];
  /** Candidates that became no test: outside the grammar, refused or answered differently by a reference. */
  readonly dropped: { readonly invalid: number; readonly failed: number; readonly disagreed: number };
}

/** Generates a suite. Throws only for a request that cannot give one (no reference). */
export async function generateSuite<Input>(request: SuiteRequest<Input>): Promise<GeneratedSuite<Input>> {
  if (request.references.length === 0) {
    throw new RangeError('generateSuite: at least one reference program is needed, got none; give a correct program');
  }
  const builder = new SuiteBuilder(request);
  const { grammar, given = [], random = 40, searchRounds = 4 } = request;
  const draw = seededDraw(request.seed);
  await builder.add(given, 'given');
  await builder.add(grammar.boundary(), 'boundary');
  await builder.add(drawMany(grammar, draw, random), 'random');
  for (let round = 0; round < searchRounds && builder.survivors().length > 0; round++) {
    await builder.search(drawMany(grammar, draw, random));
  }
  return builder.suite();
}

function drawMany<Input>(grammar: InputGrammar<Input>, draw: Draw, count: number): Input[] {
  return Array.from({ length: count }, () => grammar.draw(draw));
}

/** Tests and kills as they grow. */
class SuiteBuilder<Input> {
  private readonly tests: GeneratedTest<Input>[] = [];
  private readonly kills: boolean[][];
  private readonly seen = new Set<string>();
  private readonly dropped = { invalid: 0, failed: 0, disagreed: 0 };
  private readonly same: (expected: unknown, got: unknown) => boolean;

  constructor(private readonly request: SuiteRequest<Input>) {
    this.kills = request.wrong.map(() => []);
    this.same = request.same ?? ((expected, got) => JSON.stringify(expected) === JSON.stringify(got));
  }

  survivors(): number[] {
    return this.kills.flatMap((row, index) => (row.includes(true) ? [] : [index]));
  }

  suite(): GeneratedSuite<Input> {
    return { tests: this.tests, kills: this.kills, survivors: this.survivors(), dropped: this.dropped };
  }

  /** Makes a test of every candidate that can be one. */
  async add(candidates: readonly Input[], origin: TestOrigin): Promise<void> {
    await this.record(await this.expect(this.fresh(candidates), origin));
  }

  /** Looks among candidates for inputs that reject a program which has survived so far; the first for each becomes a test. */
  async search(candidates: readonly Input[]): Promise<void> {
    const tests = await this.expect(this.fresh(candidates), 'differential');
    const useful = new Set<number>();
    for (const index of this.survivors()) {
      const found = (await this.rejections(tests, this.request.wrong[index]!)).indexOf(true);
      if (found >= 0) useful.add(found);
    }
    await this.record(tests.filter((_, t) => useful.has(t)));
  }

  private async record(tests: readonly GeneratedTest<Input>[]): Promise<void> {
    for (const [index, row] of this.kills.entries()) {
      row.push(...(await this.rejections(tests, this.request.wrong[index]!)));
    }
    this.tests.push(...tests);
  }

  private fresh(candidates: readonly Input[]): Input[] {
    return distinct(candidates).filter((input) => {
      const key = JSON.stringify(input);
      if (this.seen.has(key)) return false;
      this.seen.add(key);
      const valid = this.request.grammar.violation(input) === null;
      if (!valid) this.dropped.invalid++;
      return valid;
    });
  }

  private async expect(inputs: readonly Input[], origin: TestOrigin): Promise<GeneratedTest<Input>[]> {
    const answers: (readonly ProgramOutput[])[] = [];
    for (const reference of this.request.references) answers.push(await this.outputs(reference, inputs));
    const [first, ...others] = answers;
    return inputs.flatMap((input, i) => {
      const outcome = first![i]!;
      if (!outcome.ok) {
        this.dropped.failed++;
        return [];
      }
      const expected = outcome.output;
      const agreed = others.every((outputs) => {
        const other = outputs[i]!;
        return other.ok && this.same(expected, other.output);
      });
      if (!agreed) this.dropped.disagreed++;
      return agreed ? [{ input, expected, origin }] : [];
    });
  }

  /** Whether each test rejects a program. */
  private async rejections(tests: readonly GeneratedTest<Input>[], program: string): Promise<boolean[]> {
    const outputs = await this.outputs(
      program,
      tests.map(({ input }) => input),
    );
    return outputs.map((got, t) => !got.ok || !this.same(tests[t]!.expected, got.output));
  }

  private async outputs(program: string, inputs: readonly Input[]): Promise<readonly ProgramOutput[]> {
    if (inputs.length === 0) return [];
    const outputs = await this.request.execute(program, inputs);
    if (outputs.length === inputs.length) return outputs;
    throw new RangeError(
      `generateSuite: execute must give an output for each of ${inputs.length} inputs, got ${outputs.length}; ` +
        'return { ok: false } for those that failed',
    );
  }
}

/**
 * Indices of tests, ascending, that together reject every program the whole suite rejects: each time the test that rejects
 * most of what is left, the earliest of equals (within ln(programs) + 1 of the smallest possible); then without those
 * whose programs the later ones reject too, so that no test can be left out alone.
 */
export function minimalSuite(kills: readonly (readonly boolean[])[]): number[] {
  const tests = kills[0]?.length ?? 0;
  let left = kills.filter((row) => row.includes(true));
  const chosen: number[] = [];
  while (left.length > 0) {
    const counts = Array.from({ length: tests }, (_, t) => left.filter((row) => row[t] === true).length);
    const best = counts.indexOf(Math.max(...counts));
    chosen.push(best);
    left = left.filter((row) => row[best] !== true);
  }
  for (const test of [...chosen]) {
    const others = chosen.filter((each) => each !== test);
    if (kills.every((row) => row[test] !== true || others.some((each) => row[each] === true))) {
      chosen.splice(chosen.indexOf(test), 1);
    }
  }
  return chosen.sort((a, b) => a - b);
}
