import type { RunObserver } from '../run/observer.js';
import type { CliIo } from './io.js';

/** Progress for programs: a line of JSON an event, the last one the result of the run alone. Notices go to stderr. */
export function jsonView(io: CliIo): RunObserver {
  const line = (value: unknown) => io.stdout(`${JSON.stringify(value)}\n`);
  return {
    started: (run) => line({ event: 'started', ...run }),
    evaluating: () => undefined,
    evaluated: (step, evaluation) => line({ event: 'evaluated', step, ...evaluation }),
    stepped: ({ metrics, timings }) => line({ event: 'step', ...metrics, timings }),
    notice: (sentence) => io.stderr(`note: ${sentence}\n`),
    finished: (result) => line(result),
  };
}
