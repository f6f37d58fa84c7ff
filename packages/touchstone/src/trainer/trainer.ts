import type { Engine, OptimOptions } from '@touchstone/engine';
import type { Objective, RolloutColumnName } from '@touchstone/objectives';
import { explainedVariance } from '@touchstone/objectives';
import type { Environment } from '../environment/environment.js';
import { deriveSeed } from '../random.js';
import type { Reward } from '../reward/reward.js';
import type { ScoredGroup } from '../rollout/rollout.js';
import { responseLength } from '../rollout/rollout.js';
import type { RolloutStrategy, SamplingSettings } from '../rollout/strategy.js';
import { sampleGroups } from '../rollout/strategy.js';
import type { StepBatch } from './batch.js';
import { selectBatch, stepBatch, withColumns } from './batch.js';
import type { Collected } from './collect.js';
import { collect, scoreGroups } from './collect.js';
import { broughtValues, planColumns, stepColumns } from './columns.js';
import type { Curriculum } from './curriculum.js';
import type { GroupFilter } from './filter.js';
import type { Minibatcher } from './minibatches.js';
import type { Schedule } from './schedule.js';
import type { StepMetrics } from './step-metrics.js';
import { stepMetrics } from './step-metrics.js';
import { Stopwatch } from './stopwatch.js';
import type { TeacherPrompt, TeacherSettings } from './teacher.js';
import { withTeacherTargets } from './teacher.js';
import type { UpdateReport } from './update.js';
import { updatePolicy } from './update.js';

/** What a method may replace, each with a plain default. A method that needs more needs a wider interface. */
export interface Stages {
  readonly environment: Environment;
  readonly curriculum: Curriculum;
  readonly strategy: RolloutStrategy;
  readonly reward: Reward;
  readonly filter: GroupFilter;
  readonly objective: Objective;
  /** What the teacher reads in place of a prompt, where the objective has one. */
  readonly teacherPrompt: TeacherPrompt;
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
  readonly optimizer: Omit<OptimOptions, 'learningRate' | 'valueHeadLearningRate'>;
  /** Times the learning rate with which a value head learns. Absent: 1. */
  readonly valueHeadFactor?: number;
  readonly teacher: TeacherSettings & {
    /** Share of the way to the policy's weights that those of the teacher move after a step. */
    readonly averaging: number;
  };
}

export interface TrainerParts {
  readonly engine: Engine;
  readonly stages: Stages;
  readonly settings: TrainerSettings;
  /** The model at the start of the run, frozen. Needed where the objective reads `refLogProb`. */
  readonly reference?: Engine | undefined;
  /** A frozen fork of the model, which follows it. Needed where `needsTeacher`, unless a strategy brings its log-probs. */
  readonly teacher?: Engine | undefined;
}

export interface StepReport {
  readonly metrics: StepMetrics;
  /** Seconds by part, and the rate of sampled tokens: they differ from run to run. */
  readonly timings: Readonly<Record<string, number>>;
  readonly collected: Collected;
}

/** The rollouts of one step, before anything is learnt from them. */
export interface Rollouts {
  readonly step: number;
  readonly collected: Collected;
  readonly stopwatch: Stopwatch;
}

/** One step of the loop, from tasks to an optimiser step. Throws `NonFinite` with the batch where the loss breaks down. */
export async function trainStep(step: number, parts: TrainerParts): Promise<StepReport> {
  return await learnStep(await collectStep(step, parts), parts);
}

/** The first half of a step: samples, judges and filters with the weights as they are. */
export async function collectStep(step: number, { engine, stages, settings }: TrainerParts): Promise<Rollouts> {
  const stopwatch = new Stopwatch();
  const seed = deriveSeed(settings.seed, 'step', step);
  return { step, collected: await collect({ ...stages, ...settings, engine, seed, step, stopwatch }), stopwatch };
}

/** The second half. `weightsFree`: waited for before the first update, while something else still reads the weights. */
export async function learnStep(
  { step, collected, stopwatch }: Rollouts,
  parts: TrainerParts,
  weightsFree?: Promise<unknown>,
): Promise<StepReport> {
  const { stages, settings } = parts;
  const seed = deriveSeed(settings.seed, 'step', step);
  const learningRate = stages.schedule(step);
  const learning = { ...parts, step, learningRate, seed, stopwatch, weightsFree };
  const { updates, figures } = collected.kept.length === 0 ? nothingLearnt : await learn(collected, learning);
  const metrics = stepMetrics({ step, collected, updates, figures, learningRate, group: settings.sampling.group });
  return { metrics, timings: timingsOf(step, collected, stopwatch), collected };
}

/** What is the same through one step. */
interface StepParts extends TrainerParts {
  readonly step: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly stopwatch: Stopwatch;
  readonly weightsFree: Promise<unknown> | undefined;
}

interface Learnt {
  readonly updates: readonly UpdateReport[];
  /** Figures of what it was learnt from, as `docs/metrics.md` names them. */
  readonly figures: Readonly<Record<string, number>>;
}

const nothingLearnt: Learnt = { updates: [], figures: {} };

async function learn({ kept: groups }: Collected, parts: StepParts): Promise<Learnt> {
  const { engine, reference, teacher, stages, settings, seed, stopwatch, weightsFree } = parts;
  const { objective, minibatcher, teacherPrompt, environment } = stages;
  const kept =
    teacher === undefined
      ? groups
      : withTeacherTargets(groups, settings.teacher, teacherPrompt, environment, engine.model.contextLength);
  const { epochs, minibatches, sampling } = settings;
  const temperature = sampling.temperature ?? 1;
  const plan = planColumns(objective, epochs * minibatches, engine.model.vocabSize);
  const scored = await withRolloutColumns(stepBatch(kept, plan.needs.has('external')), kept, parts);
  const decode = (tokens: Int32Array) => stages.environment.decode(tokens);
  const context = { engine, reference, teacher, temperature, decode };
  const columned = await stopwatch.time('forward', () => stepColumns(scored, plan, context));
  const batch = await stopwatch.time('loss', () => prepare(columned, objective));
  const figures: Record<string, number> = {};
  const targets = batch.view.rolloutColumns?.teacherTarget;
  if (targets !== undefined) figures.teacherTargets = batch.rollouts.length / scored.rollouts.length;
  if (batch.rollouts.length === 0) return { updates: [], figures };
  const advantages = await stopwatch.time('loss', () => objective.advantages(batch.view));
  const optimizer = optimizerOf(parts);
  const loop = { epochs, minibatches, optimizer, temperature, seed, stopwatch, weightsFree };
  const updates = await updatePolicy(batch, advantages, { engine, teacher, objective, plan, minibatcher, ...loop });
  if (settings.teacher.averaging > 0) await teacher?.moveTowards?.(engine, settings.teacher.averaging);
  const { oldValues, returns } = batch.view.columns;
  if (oldValues && returns) figures.explainedVariance = explainedVariance(batch.view, oldValues, returns);
  return { updates, figures };
}

function optimizerOf({ settings, learningRate }: StepParts): OptimOptions {
  const { optimizer, valueHeadFactor } = settings;
  const ofHead = valueHeadFactor !== undefined && { valueHeadLearningRate: valueHeadFactor * learningRate };
  return { ...optimizer, learningRate, ...ofHead };
}

/** What the objective reads once a rollout: the greedy response's reward is sampled here, all else comes with the rollouts. */
async function withRolloutColumns(
  batch: StepBatch,
  kept: readonly ScoredGroup[],
  parts: StepParts,
): Promise<StepBatch> {
  const names = parts.stages.objective.needsOfRollout ?? [];
  if (names.length === 0) return batch;
  const columns: Partial<Record<RolloutColumnName, Float64Array>> = {};
  for (const name of names) {
    columns[name] = name === 'greedyReward' ? await greedyRewards(batch, kept, parts) : broughtValues(batch, name);
  }
  return { ...batch, view: { ...batch.view, rolloutColumns: columns } };
}

/** [rollouts] Reward of the greedy response to the same prompt (ReMax, arXiv 2310.10505). */
async function greedyRewards(
  batch: StepBatch,
  kept: readonly ScoredGroup[],
  { engine, stages, settings, seed, step, stopwatch }: StepParts,
): Promise<Float64Array> {
  const { environment } = stages;
  const sampling = { ...settings.sampling, group: 1, temperature: 0 };
  const scope = { engine, environment, sampling, seed: deriveSeed(seed, 'greedy'), step };
  const tasks = kept.map(({ task }) => task);
  const sampled = await stopwatch.time('sample', () => sampleGroups(tasks, scope));
  const scored = await scoreGroups(sampled, { ...stages, stopwatch }, scope);
  const rewards = scored.map(({ rollouts }) => rollouts[0]?.reward.total ?? Number.NaN);
  return Float64Array.from(batch.view.group, (group) => rewards[group] as number);
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
