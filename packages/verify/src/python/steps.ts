import { WORK_FOLDER } from './harness.js';
import type { PythonStep, StepResult } from './job.js';
import type { Served } from './runtime.js';
import { toPython, ValueError } from './values.js';

/** What the harness is asked for a step, or null when the arguments of a call have no form in Python. */
export function requestOf(step: Exclude<PythonStep, { kind: 'assertions' }>, entry: string): string | null {
  const path = `${WORK_FOLDER}/${entry}`;
  if (step.kind === 'script') return toPython({ op: 'load', entry: path, name: '__main__' });
  if (step.kind === 'load') return toPython({ op: 'load', entry: path, name: moduleName(entry) });
  try {
    return toPython({ op: 'call', function: step.function, args: [...step.args], kwargs: { ...step.kwargs } });
  } catch (thrown) {
    if (thrown instanceof ValueError) return null;
    throw thrown;
  }
}

/** What stands for the answer where a request could not be made. */
export const UNSENT: Served = { ended: 'answered', answer: '{"ended":"unsent"}' };

function moduleName(entry: string): string {
  return entry.replace(/^.*\//, '').replace(/\.py$/, '');
}

interface Answer {
  readonly ended: 'ok' | 'exit' | 'raised' | 'unsent';
  readonly code?: number;
  readonly type?: string;
  readonly message?: string;
  readonly value?: unknown;
}

type Ending = Pick<StepResult, 'outcome' | 'detail'> & { value?: unknown };

/** How a step ended; `memoryRefused` says that it asked for more than its limit. */
export function resultOf(served: Served, memoryRefused: boolean): Ending {
  if (served.ended === 'died') return { outcome: memoryRefused ? 'memory' : 'error', detail: served.reason };
  const answer = parsed(served.answer);
  if (answer === null) return { outcome: 'error', detail: 'the program broke the channel of its sandbox' };
  switch (answer.ended) {
    case 'ok':
      return { outcome: 'ok', detail: '', ...('value' in answer && { value: answer.value }) };
    case 'exit':
      return { outcome: answer.code === 0 ? 'exit' : 'error', detail: `exit code ${answer.code ?? 1}` };
    case 'raised': {
      const memory = answer.type === 'MemoryError' && memoryRefused;
      return { outcome: memory ? 'memory' : 'error', detail: `${answer.type}: ${answer.message}` };
    }
    case 'unsent':
      return { outcome: 'error', detail: 'the arguments have no form in Python' };
  }
}

function parsed(text: string): Answer | null {
  try {
    const value = JSON.parse(text) as Answer | null;
    return value !== null && typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
