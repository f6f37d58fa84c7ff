import type { GroupSignal } from './filter.js';

/** Steps in a row with little signal before the run speaks up. */
const PATIENCE = 3;

export interface SignalWatch {
  /** Signals of one step's groups. Returns a sentence when most groups have had none for several steps, once a stretch. */
  observe(signals: readonly GroupSignal[]): string | undefined;
}

/** Notices a run that has nothing to learn from, and says what to change. */
export function signalWatch(): SignalWatch {
  let stretch: Silence[][] = [];
  return {
    observe(signals) {
      const silent = signals.filter((signal): signal is Silence => signal !== 'mixed');
      if (2 * silent.length <= signals.length) {
        stretch = [];
        return undefined;
      }
      stretch.push(silent);
      return stretch.length === PATIENCE ? explain(stretch.flat()) : undefined;
    },
  };
}

type Silence = Exclude<GroupSignal, 'mixed'>;

const advice: Readonly<Record<Silence, string>> = {
  'all-wrong':
    'every answer is wrong: make the task easier, start from a better model, or raise rollout.group or rollout.maxNewTokens',
  'all-right': 'every answer is right: make the task harder, or stop here',
  'all-equal': 'every reward is the same: give partial credit by reward.weights, or raise rollout.temperature',
  unjudged: 'the answers cannot be judged: look at the verdicts in the rollouts folder and mend the task',
};

function explain(silent: readonly Silence[]): string {
  const counts = new Map<Silence, number>();
  for (const signal of silent) counts.set(signal, (counts.get(signal) ?? 0) + 1);
  const [commonest] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? ['all-equal' as const];
  return `most groups have had no signal for ${PATIENCE} steps: ${advice[commonest]}`;
}
