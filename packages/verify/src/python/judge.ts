import type { AssertionResult, AssertionStep, PythonNote } from './job.js';
import type { PythonRuntime, Served } from './runtime.js';
import { toPython, ValueError } from './values.js';

/** A question of the judge's harness, as it comes out of the interpreter. */
interface Question {
  readonly what: 'begin' | 'passed' | 'failed' | 'broke' | 'global' | 'get' | 'call';
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
 * Runs a test script in its own interpreter. The function under test is there as a stand-in, whose calls are made in
 * the program's interpreter; only plain data comes back, so an `__eq__` that always agrees compares nothing.
 */
export class Judge {
  private readonly results: AssertionResult[] = [];
  private begun = 0;
  private current = 0;
  private programDied: Served | null = null;

  constructor(
    private readonly judge: PythonRuntime,
    private readonly program: (request: string) => Served,
    private readonly note: PythonNote,
  ) {}

  /** The answer carries `assertions` for `StepResult`. */
  run(step: AssertionStep): Served {
    this.judge.restore();
    this.judge.begin(Infinity);
    const skip = new Set(step.skip ?? []);
    const served = this.judge.request(
      toPython({ op: 'assertions', setup: step.setup ?? '', script: step.script, entry: step.function ?? null }),
      {
        stdin: new Uint8Array(0),
        stdout: () => undefined,
        stderr: () => undefined,
        ask: (question) => this.answer(JSON.parse(question) as Question, skip),
      },
    );
    return this.programDied ?? served;
  }

  get assertions(): readonly AssertionResult[] {
    return this.results;
  }

  private answer(question: Question, skip: ReadonlySet<number>): string {
    switch (question.what) {
      case 'begin': {
        const ordinal = this.begun++;
        // Without a program there is nothing to test: those that follow are for another run.
        const wanted = !skip.has(ordinal) && this.programDied === null;
        if (wanted) this.note({ kind: 'begin', line: question.line ?? 0, ordinal });
        this.current = ordinal;
        return wanted ? 'True' : 'False';
      }
      case 'passed':
        return this.record({ ordinal: this.current, line: question.line ?? 0, passed: true, detail: '' });
      case 'failed':
        return this.record({
          ordinal: this.current,
          line: question.line ?? 0,
          passed: false,
          detail: `${question.type ?? ''}: ${question.message ?? ''}`.replace(/: $/, ''),
        });
      case 'broke':
        if (this.programDied !== null) return 'None';
        return this.record({
          ordinal: this.begun,
          line: question.line ?? 0,
          passed: false,
          detail: `${question.type ?? ''}: ${question.message ?? ''}`.replace(/: $/, ''),
        });
      default:
        return this.ask(question);
    }
  }

  private record(result: AssertionResult): string {
    this.results.push(result);
    this.note({ kind: 'assertion', result });
    return 'None';
  }

  /** What the program answers is read and written anew here: nothing that it made is evaluated by the judge. */
  private ask(question: Question): string {
    if (this.programDied !== null) return toPython(DIED);
    const served = this.program(toPython({ op: 'remote', ...question }));
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
}
