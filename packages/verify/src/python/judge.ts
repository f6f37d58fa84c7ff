import type { AssertionResult, AssertionStep, PythonNote } from './job.js';
import type { PythonRuntime, Served } from './runtime.js';
import { toPython, ValueError } from './values.js';

/** A question of the judge's harness, as it comes out of the interpreter. */
export interface Question {
  readonly what: 'begin' | 'passed' | 'failed' | 'broke' | 'global' | 'get' | 'call' | 'await';
  readonly line?: number;
  readonly type?: string;
  readonly message?: string;
  readonly name?: string;
  readonly target?: { readonly $remote: number };
  readonly args?: unknown;
  readonly kwargs?: unknown;
}

const DIED = { ended: 'raised', type: 'RuntimeError', message: 'the program ended its interpreter' };

/**
 * What a test script found out: answers the questions that are about its assertions, and carries the others to the
 * program and back.
 */
export class Hearing {
  /** How the program ended, if it did. */
  programDied: Served | null = null;
  private readonly results: AssertionResult[] = [];
  private begun = 0;
  private current = 0;
  private readonly skip: ReadonlySet<number>;

  constructor(
    private readonly step: AssertionStep,
    private readonly note: PythonNote,
  ) {
    this.skip = new Set(step.skip ?? []);
  }

  get assertions(): readonly AssertionResult[] {
    return this.results;
  }

  /** The request with which the judge's interpreter begins. */
  get request(): string {
    const { setup, script, function: entry } = this.step;
    return toPython({ op: 'assertions', setup: setup ?? '', script, entry: entry ?? null });
  }

  /** The reply to a question, or null when it is for the program. */
  answer(question: Question): string | null {
    switch (question.what) {
      case 'begin': {
        const ordinal = this.begun++;
        // Without a program there is nothing to test: those that follow are for another run.
        const wanted = !this.skip.has(ordinal) && this.programDied === null;
        if (wanted) this.note({ kind: 'begin', line: question.line ?? 0, ordinal });
        this.current = ordinal;
        return wanted ? 'True' : 'False';
      }
      case 'passed':
        return this.record(question, this.current, true);
      case 'failed':
        return this.record(question, this.current, false);
      case 'broke':
        return this.programDied === null ? this.record(question, this.begun, false) : 'None';
      default:
        return this.programDied === null ? null : toPython(DIED);
    }
  }

  /** What the program is asked for a question. */
  requestOf(question: Question): string {
    return toPython({ op: 'remote', ...question });
  }

  /** What the program answers is read and written anew here: nothing that it made is evaluated by the judge. */
  replyOf(served: Served): string {
    if (served.ended === 'died') {
      this.programDied = served;
      return toPython(DIED);
    }
    try {
      return toPython(JSON.parse(served.answer));
    } catch (thrown) {
      const message = thrown instanceof ValueError ? thrown.message : 'the program broke the channel of its sandbox';
      return toPython({ ended: 'raised', type: 'RuntimeError', message });
    }
  }

  private record({ line = 0, type = '', message = '' }: Question, ordinal: number, passed: boolean): string {
    const result = { ordinal, line, passed, detail: passed ? '' : `${type}: ${message}`.replace(/: $/, '') };
    this.results.push(result);
    this.note({ kind: 'assertion', result });
    return 'None';
  }
}

/**
 * Runs a test script in its own interpreter. The function under test is there as a stand-in, whose calls are made in
 * the program's interpreter; only plain data comes back, so an `__eq__` that always agrees compares nothing.
 */
export class Judge {
  constructor(
    private readonly judge: PythonRuntime,
    private readonly program: (request: string) => Served,
    private readonly note: PythonNote,
  ) {}

  /** The ending of the script, or of the program if it died, and what was asserted until then. */
  run(step: AssertionStep): { readonly served: Served; readonly assertions: readonly AssertionResult[] } {
    this.judge.restore();
    this.judge.begin(Infinity);
    const hearing = new Hearing(step, this.note);
    const served = this.judge.request(hearing.request, {
      stdin: new Uint8Array(0),
      stdout: () => undefined,
      stderr: () => undefined,
      ask: (text) => {
        const question = JSON.parse(text) as Question;
        return hearing.answer(question) ?? hearing.replyOf(this.program(hearing.requestOf(question)));
      },
    });
    return { served: hearing.programDied ?? served, assertions: hearing.assertions };
  }
}
