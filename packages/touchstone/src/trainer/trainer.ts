import type { Engine, OptimOptions } from '@touchstone/engine';
import type { Objective } from '@touchstone/objectives';
import type { Environment } from '../environment/environment.js';
import { deriveSeed } from '../random.js';
import type { Reward } from '../reward/reward.js';
import { responseLength } from '../rollout/rollout.js';
import type { RolloutStrategy, SamplingSettings } from '../rollout/strategy.js';
import type { StepBatch } from './batch.js';
import { selectBatch, stepBatch, withColumns } from './batch.js';
import type { Collected } from './collect.js';
import { collect } from './collect.js';
import type { ColumnPlan } from './columns.js';
import { planColumns, stepColumns } from './columns.js';
import type { Curriculum } from './curriculum.js';
import type { GroupFilter } from './filter.js';
import type { Minibatcher } from './minibatches.js';
import type { Schedule } from './schedule.js';
import type { StepMetrics } from './step-metrics.js';
import { stepMetrics } from './step-metrics.js';
import { Stopwatch } from './stopwatch.js';
import type { UpdateReport } from './update.js';
import { updatePolicy } from './update.js';

/** What a method may replace, each with a plain default. A method that needs more needs a wider interface. */
export interface Stages {
  readonly curriculum: Curriculum;
  readonly strategy: RolloutStrategy;
  readonly reward: Reward;
  readonly filter: GroupFilter;
  readonly objective: Objective;
  readonly minibatcher: Minibatcher;
  readonly schedule: Schedule;
}

/** Numbers of the loop; the recipe schema documents each. */
export interface TrainerSettings {
  readonly seed: number;
  readonly sampling: SamplingSettings;
  readonly prompts: number;
  readonly rounds: number;
  readonly epochs: number;
  readonly minibatches: number;
  readonly optimizer: Omit<OptimOptions, 'learningRate'>;
}

export interface TrainerParts {
  readonly engine: Engine;
  readonly environment: Environment;
  readonly stages: Stages;
  readonly settings: TrainerSettings;
  /** The model at the start of the run, frozen. Needed where the objective reads `refLogProb`. */
  readonly reference?: Engine | undefined;
}

export interface StepReport {
  readonly metrics: StepMetrics;
  /** Seconds by part, and the rate of sampled tokens: they differ from run to run. */
  readonly timings: Readonly<Record<string, number>>;
  readonly collected: Collected;
}

/** Whether a run with this objective needs a frozen copy of the model that it starts from. */
export function needsReference(objective: Objective): boolean {
  return objective.needs.includes('refLogProb');
}

/** One step of the loop, from tasks to an optimiser step. Throws `NonFinite` with the batch where the loss breaks down. */
export async function trainStep(step: number, parts: TrainerParts): Promise<StepReport> {
  const { engine, environment, stages, settings } = parts;
  const stopwatch = new Stopwatch();
  const seed = deriveSeed(settings.seed, 'step', step);
  const collected = await collect({ ...stages, ...settings, engine, environment, seed, stopwatch });
  const learningRate = stages.schedule(step);
  const updates = collected.kept.length === 0 ? [] : await learn(collected, learningRate, seed, parts, stopwatch);
  const metrics = stepMetrics({ step, collected, updates, learningRate, group: settings.sampling.group });
  return { metrics, timings: timingsOf(step, collected, stopwatch), collected };
}

async function learn(
  collected: Collected,
  learningRate: number,
  seed: number,
  { engine, reference, stages, settings }: TrainerParts,
  stopwatch: Stopwatch,
): Promise<UpdateReport[]> {
  const { objective, minibatcher } = stages;
  const { epochs, minibatches, sampling } = settings;
  const temperature = sampling.temperature ?? 1;
  const plan: ColumnPlan = planColumns(objective, epochs * minibatches);
  const context = { engine, reference, temperature };
  const columned = await stopwatch.time('forward', () => stepColumns(stepBatch(collected.kept), plan, context));
  const batch = await stopwatch.time('loss', () => prepare(columned, objective));
  if (batch.rollouts.length === 0) return [];
  const advantages = await stopwatch.time('loss', () => objective.advantages(batch.view));
  const optimizer = { ...settings.optimizer, learningRate };
  return updatePolicy(batch, advantages, {
    ...{ engine, objective, plan, minibatcher, epochs, minibatches, optimizer, temperature, seed, stopwatch },
  });
}

/** The rollouts that the objective keeps, with the columns that it derives. */
function prepare(batch: StepBatch, objective: Objective): StepBatch {
  const keep = objective.keep?.(batch.view);
  const numbers = batch.rollouts.map((_, number) => number);
  const kept = keep === undefined ? batch : selectBatch(batch, Int32Array.from(numbers.filter((n) => keep[n] === 1)));
  return objective.derive === undefined ? kept : withColumns(kept, objective.derive(kept.view));
}

function timingsOf(step: number, { groups }: Collected, stopwatch: Stopwatch): Readonly<Record<string, number>> {
  const tokens = groups.flatMap(({ rollouts }) => rollouts).reduce((sum, rollout) => sum + responseLength(rollout), 0);
  const seconds = stopwatch.seconds();
  return { step, ...seconds, tokens, tokensPerSecond: tokens / (seconds.total ?? Number.NaN) };
}
