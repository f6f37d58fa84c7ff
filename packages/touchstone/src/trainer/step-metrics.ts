import type { ScoredGroup, ScoredRollout } from '../rollout/rollout.js';
import { responseLength } from '../rollout/rollout.js';
import { answerCount } from '../evaluation/evaluate.js';
import { meanPassAtK } from '../evaluation/statistics.js';
import type { Collected } from './collect.js';
import type { GroupSignal } from './filter.js';
import { groupSignal } from './filter.js';
import type { UpdateReport } from './update.js';

/**
 * The figures of one step under the same names in every run. All are functions of the seed; wall-clock figures are kept
 * apart. NaN: nothing to take it of, such as the loss of a step without an update; written as null.
 */
export type StepMetrics = Readonly<Record<string, number>>;

export interface StepMetricsInput {
  readonly step: number;
  readonly collected: Collected;
  readonly updates: readonly UpdateReport[];
  /** Further figures of what was learnt from, by name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** Responses asked for of each prompt: the k of `passAt<k>`. */
  readonly group: number;
}

/** `docs/metrics.md` explains each. */
export function stepMetrics(input: StepMetricsInput): StepMetrics {
  const { step, collected, updates, figures, learningRate, group } = input;
  const rollouts = collected.groups.flatMap((each) => each.rollouts);
  const signals = countSignals(collected.groups);
  return {
    step,
    ...rolloutMetrics(rollouts),
    [`passAt${group}`]: meanPassAtK(collected.groups.map(answerCount), group),
    rollouts: rollouts.length,
    rounds: collected.rounds,
    groups: collected.groups.length,
    groupsKept: collected.kept.length,
    groupsWithoutSignal: collected.groups.length - signals.mixed,
    groupsAllRight: signals['all-right'],
    groupsAllWrong: signals['all-wrong'],
    learningRate,
    ...updateMetrics(updates),
    ...figures,
  };
}

function rolloutMetrics(rollouts: readonly ScoredRollout[]): Record<string, number> {
  const judged = rollouts.filter(({ verdict }) => verdict.outcome === 'correct' || verdict.outcome === 'incorrect');
  const rewarded = rollouts.filter(({ reward }) => !Number.isNaN(reward.total));
  return {
    reward: mean(rewarded.map(({ reward }) => reward.total)),
    accuracy: mean(judged.map(({ verdict }) => (verdict.outcome === 'correct' ? 1 : 0))),
    ...rewardParts(judged),
    length: mean(rollouts.map(responseLength)),
    truncated: mean(rollouts.map(({ finish }) => (finish === 'length' ? 1 : 0))),
    unjudged: rollouts.length === 0 ? Number.NaN : 1 - judged.length / rollouts.length,
  };
}

/** Mean of each named part over the rollouts that have it, as `reward/<part>`. */
function rewardParts(rollouts: readonly ScoredRollout[]): Record<string, number> {
  const values = new Map<string, number[]>();
  for (const { reward } of rollouts) {
    for (const [name, value] of Object.entries(reward.parts)) {
      const list = values.get(name);
      if (list === undefined) values.set(name, [value]);
      else list.push(value);
    }
  }
  const names = [...values.keys()].sort();
  return Object.fromEntries(names.map((name) => [`reward/${name}`, mean(values.get(name) ?? [])]));
}

/** Means over the updates of a step, weighted by the tokens that carried loss; `gradNorm` is the largest. */
function updateMetrics(updates: readonly UpdateReport[]): Record<string, number> {
  const weights = updates.map(({ tokens }) => tokens);
  const own = new Set(updates.flatMap(({ metrics }) => Object.keys(metrics)));
  const metrics: Record<string, number> = {
    updates: updates.length,
    lossTokens: weights.reduce((sum, weight) => sum + weight, 0),
    loss: weightedMean(
      updates.map(({ loss }) => loss),
      weights,
    ),
    entropy: weightedMean(
      updates.map(({ entropy }) => entropy),
      weights,
    ),
    samplerKl: weightedMean(
      updates.map(({ samplerKl }) => samplerKl),
      weights,
    ),
    gradNorm: updates.length === 0 ? Number.NaN : Math.max(...updates.map(({ gradNorm }) => gradNorm)),
  };
  for (const name of [...own].sort()) {
    metrics[name] ??= weightedMean(
      updates.map((update) => update.metrics[name] ?? Number.NaN),
      weights,
    );
  }
  return metrics;
}

function countSignals(groups: readonly ScoredGroup[]): Record<GroupSignal, number> {
  const counts: Record<GroupSignal, number> = { mixed: 0, 'all-right': 0, 'all-wrong': 0, 'all-equal': 0, unjudged: 0 };
  for (const group of groups) counts[groupSignal(group)]++;
  return counts;
}

function mean(values: readonly number[]): number {
  return weightedMean(
    values,
    values.map(() => 1),
  );
}

/** NaN of nothing. */
function weightedMean(values: readonly number[], weights: readonly number[]): number {
  let sum = 0;
  let total = 0;
  for (const [i, value] of values.entries()) {
    const weight = weights[i] as number;
    sum += weight * value;
    total += weight;
  }
  return sum / total;
}
