import type { CliIo } from './io.js';

/** Exit code of a process ended by Ctrl-C, as shells count it. */
const INTERRUPTED = 130;

/** The first Ctrl-C asks the run to stop after the step in progress; the second ends the process at once. */
export function stopOnInterrupt(
  io: CliIo,
  say: (sentence: string) => void,
): {
  readonly stop: { readonly requested: boolean };
  readonly release: () => void;
} {
  const stop = { requested: false };
  const release = io.onInterrupt(() => {
    if (stop.requested) {
      io.exit(INTERRUPTED);
      return;
    }
    stop.requested = true;
    say('stopping after this step; press Ctrl-C again to quit at once');
  });
  return { stop, release };
}
