import type { Engine, SampleOptions } from '@touchstone/engine';
import type { Environment } from '../environment/environment.js';
import { deriveSeed } from '../random.js';
import { judgeGroups } from '../rollout/judge.js';
import type { JudgedGroup } from '../rollout/rollout.js';
import { responseLength } from '../rollout/rollout.js';
import { sampleGroups } from '../rollout/strategy.js';
import type { Task } from '../task/task.js';
import type { AnswerCount } from './statistics.js';
import { meanPassAtK, wilsonInterval } from './statistics.js';

export interface EvaluationSettings {
  /** Answers to each task. */
  readonly samples: number;
  readonly sampling: SampleOptions;
  readonly seed: number;
}

/** Accuracy over some tasks. */
export interface Accuracy {
  /** Tasks with at least one judged answer. */
  readonly tasks: number;
  /** Mean over these tasks of the share of judged answers that are correct; NaN without any. */
  readonly accuracy: number;
  /**
   * Wilson, 95 %, with the tasks as trials whatever the number of answers to each: answers to one task are not
   * independent, so more of them do not narrow it. Somewhat wide, never too narrow.
   */
  readonly interval: readonly [low: number, high: number];
}

export interface Evaluation extends Accuracy {
  readonly samples: number;
  /** By k: 1, 2, 4 ... and the number of samples. */
  readonly passAt: Readonly<Record<number, number>>;
  /** Mean tokens of a response. */
  readonly length: number;
  /** Share of responses cut at the budget. */
  readonly truncated: number;
  /** Share of answers that could not be judged; they are in no other figure. */
  readonly unjudged: number;
  /** By the tasks' `metadata.family`, where they have one. */
  readonly families: Readonly<Record<string, Accuracy>>;
}

/** Tasks sampled in one call to the engine: bounds memory, and lets progress be seen. Does not change results. */
const CHUNK = 64;

/** Samples and judges answers to the tasks, a group a task in the same order. `onProgress`: tasks done so far. */
export async function answerTasks(
  tasks: readonly Task[],
  parts: { readonly engine: Engine; readonly environment: Environment },
  { samples, sampling, seed }: EvaluationSettings,
  onProgress: (done: number) => void = () => undefined,
): Promise<JudgedGroup[]> {
  const groups: JudgedGroup[] = [];
  for (let start = 0; start < tasks.length; start += CHUNK) {
    const context = {
      ...parts,
      sampling: { ...sampling, group: samples },
      seed: deriveSeed(seed, 'evaluation', start),
    };
    const sampled = await sampleGroups(tasks.slice(start, start + CHUNK), context);
    groups.push(...(await judgeGroups(sampled, parts.environment)));
    onProgress(groups.length);
  }
  return groups;
}

/** The figures of judged answers. */
export function summarize(groups: readonly JudgedGroup[], samples: number): Evaluation {
  const rollouts = groups.flatMap((group) => group.rollouts);
  const counts = groups.map(answerCount);
  const judged = counts.reduce((sum, count) => sum + count.samples, 0);
  const families = new Map<string, AnswerCount[]>();
  for (const [i, { task }] of groups.entries()) {
    const { family } = task.metadata;
    if (typeof family === 'string') families.set(family, [...(families.get(family) ?? []), counts[i] as AnswerCount]);
  }
  return {
    ...accuracyOf(counts),
    samples,
    passAt: Object.fromEntries(powersOfTwo(samples).map((k) => [k, meanPassAtK(counts, k)])),
    length: mean(rollouts.map(responseLength)),
    truncated: mean(rollouts.map(({ finish }) => (finish === 'length' ? 1 : 0))),
    unjudged: 1 - judged / rollouts.length,
    families: Object.fromEntries([...families].sort().map(([family, members]) => [family, accuracyOf(members)])),
  };
}

/** Judged answers of a group, and the correct ones among them. */
export function answerCount({ rollouts }: JudgedGroup): AnswerCount {
  const correct = rollouts.filter(({ verdict }) => verdict.outcome === 'correct').length;
  const incorrect = rollouts.filter(({ verdict }) => verdict.outcome === 'incorrect').length;
  return { samples: correct + incorrect, correct };
}

function accuracyOf(counts: readonly AnswerCount[]): Accuracy {
  const shares = counts.filter(({ samples }) => samples > 0).map(({ samples, correct }) => correct / samples);
  const successes = shares.reduce((sum, share) => sum + share, 0);
  return {
    tasks: shares.length,
    accuracy: successes / shares.length,
    interval: wilsonInterval(Math.min(successes, shares.length), shares.length),
  };
}

function powersOfTwo(samples: number): number[] {
  const powers: number[] = [];
  for (let k = 1; k < samples; k *= 2) powers.push(k);
  return [...powers, samples];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
