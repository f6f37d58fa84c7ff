import { Interrupted } from '../errors.js';
import type { CliIo } from './io.js';

/** Exit code of a process ended by Ctrl-C, as shells count it. */
const INTERRUPTED = 130;

/** What a run looks at. `signal` is aborted with the first request, for what waits between steps. */
export interface Stop {
  readonly requested: boolean;
  readonly signal: AbortSignal;
}

/** The first Ctrl-C asks the run to stop after the step in progress; the second ends the process at once. */
export function stopOnInterrupt(
  io: CliIo,
  say: (sentence: string) => void,
): {
  readonly stop: Stop;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const { signal } = controller;
  const stop: Stop = {
    signal,
    get requested() {
      return signal.aborted;
    },
  };
  const release = io.onInterrupt(() => {
    if (stop.requested) {
      io.exit(INTERRUPTED);
      return;
    }
    say('stopping after this step; press Ctrl-C again to quit at once');
    controller.abort(new Interrupted('stopped before the model was open; nothing has changed'));
  });
  return { stop, release };
}
