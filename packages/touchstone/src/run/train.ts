import type { Engine } from '@touchstone/engine';
import type { Recipe } from '../config/recipe.js';
import { Interrupted, UserError } from '../errors.js';
import type { Evaluation } from '../evaluation/evaluate.js';
import { answerTasks, summarize } from '../evaluation/evaluate.js';
import type { SamplingSettings } from '../rollout/strategy.js';
import type { Json, Task, TaskSource } from '../task/task.js';
import { groupSignal } from '../trainer/filter.js';
import { signalWatch } from '../trainer/signal-watch.js';
import type { Rollouts, StepReport, TrainerParts } from '../trainer/trainer.js';
import { needsReference, needsValueHead } from '../trainer/columns.js';
import { needsTeacher } from '../trainer/teacher.js';
import { collectStep, learnStep } from '../trainer/trainer.js';
import { NonFinite } from '../trainer/update.js';
import type { Checkpoint, Score } from './checkpoints.js';
import { latestCheckpoint, removeLeftovers, saveCheckpoint } from './checkpoints.js';
import { checkLimits, checkRecipe } from './engine-limits.js';
import { saveFailure } from './failure.js';
import { appendJsonLine, cutFile, fileSize, writeWhole } from './files.js';
import type { LoadModel } from './model.js';
import type { RunObserver } from './observer.js';
import { writeRollouts } from './rollouts-file.js';
import type { RunPaths } from './run-folder.js';
import { lockRun } from './run-lock.js';
import type { StagesFactory } from './stages.js';
import { loadTeacherState, openTeacher, withTeacherState } from './teacher-model.js';
import { buildStages, restoreStages, stageStates } from './stages.js';
import { addValueHead, checkValueHeadRate, valueHeadFactor } from './value-head.js';

export interface TrainRequest {
  readonly recipe: Recipe;
  readonly stages?: StagesFactory | undefined;
  readonly source: TaskSource;
  /** Relative paths of the recipe start here. */
  readonly directory: string;
  /** The folder exists and holds `run.json`. Where it holds checkpoints the run goes on from the latest. */
  readonly paths: RunPaths;
  readonly loadModel: LoadModel;
  readonly observer: RunObserver;
  /**
   * Looked at after every step: once set, the run saves itself and throws `Interrupted`. A server that does not answer
   * while the model is opened is waited for until `signal` is aborted.
   */
  readonly stop: { readonly requested: boolean; readonly signal?: AbortSignal };
}

export interface TrainResult {
  readonly before: Score;
  readonly after: Score;
  readonly steps: number;
  /** Wall-clock, over all sessions of the run. */
  readonly seconds: number;
  readonly run: string;
}

/**
 * Trains a run to its end, from its latest checkpoint where it has one. The metrics file of a run that was killed and
 * resumed is byte for byte that of a run that was not.
 */
export async function train(request: TrainRequest): Promise<TrainResult> {
  const unlock = await lockRun(request.paths);
  try {
    const session = await openSession(request);
    try {
      return await runSession(session);
    } finally {
      await session.parts.reference?.dispose();
      await session.parts.teacher?.dispose();
      await session.parts.engine.dispose();
    }
  } finally {
    await unlock();
  }
}

/** A run in progress, in this process. */
interface Session extends TrainRequest {
  readonly parts: TrainerParts;
  readonly checkpoint: Checkpoint | undefined;
  readonly heldOut: readonly Task[];
  readonly started: number;
  /** What the next step will learn from, where it is sampled ahead. */
  ahead: Ahead | undefined;
}

interface Ahead {
  readonly rollouts: Promise<Rollouts>;
  /** Of the stages before any of it was sampled: a resumed run samples it again. */
  readonly stages: Readonly<Record<string, Json>>;
}

async function openSession(request: TrainRequest): Promise<Session> {
  const { recipe, source, paths, directory, observer } = request;
  const started = performance.now();
  checkRecipe(recipe, request.stages);
  const checkpoint = await latestCheckpoint(paths.checkpoints);
  const notice = (sentence: string) => observer.notice(sentence);
  const { signal } = request.stop;
  const options = { threads: recipe.threads, directory, engine: recipe.engine, notice, signal };
  const { engine, codec } = await request.loadModel(recipe.model, options);
  let [reference, teacher]: (Engine | undefined)[] = [];
  try {
    const stages = buildStages({ recipe, source, codec, contextLength: engine.model.contextLength }, request.stages);
    checkLimits(recipe, stages.objective, engine.limits);
    checkValueHeadRate(recipe, stages.objective);
    if (needsValueHead(stages.objective)) await addValueHead(engine, recipe);
    if (engine.limits?.clipsGradients === false && recipe.optimizer.maxGradNorm > 0) {
      observer.notice('this server cannot clip gradients: optimizer.maxGradNorm has no effect');
    }
    // The reference is the model that the run started from, so it is taken before a checkpoint is put in.
    if (needsReference(stages.objective)) reference = await engine.fork({ frozen: true });
    if (needsTeacher(stages.objective)) teacher = await openTeacher(engine, recipe);
    if (checkpoint !== undefined) {
      await engine.loadState(checkpoint.folder);
      await loadTeacherState(teacher, checkpoint.folder, recipe);
      restoreStages(stages, checkpoint.state.stages);
    }
    await removeLeftovers(paths.checkpoints, engine);
    await cutFile(paths.metrics, checkpoint?.state.metricsBytes ?? 0);
    await cutFile(paths.timings, checkpoint?.state.timingsBytes ?? 0);
    const parts: TrainerParts = { engine, reference, teacher, stages, settings: trainerSettings(recipe) };
    return { ...request, parts, checkpoint, heldOut: heldOutTasks(recipe, source), started, ahead: undefined };
  } catch (error) {
    await reference?.dispose();
    await teacher?.dispose();
    await engine.dispose();
    throw error;
  }
}

async function runSession(session: Session): Promise<TrainResult> {
  const { recipe, paths, observer, checkpoint, stop } = session;
  const from = checkpoint?.state.step ?? 0;
  observer.started({ name: recipe.name, folder: paths.folder, steps: recipe.steps, from });
  const before = checkpoint?.state.before ?? (await measureBefore(session));
  const watch = signalWatch();
  if (stop.requested && from < recipe.steps) throw interrupted(from, session);
  for (let step = from + 1; step <= recipe.steps; step++) {
    const report = await stepOrExplain(step, session);
    const evaluation = isEvaluated(step, recipe) ? await evaluateHeldOut(step, session) : undefined;
    await record(step, report, evaluation, session);
    const last = step === recipe.steps;
    const stopping = stop.requested;
    if (last || stopping || step % recipe.checkpoint.every === 0) await save(step, before, session);
    const notice = watch.observe(report.collected.groups.map(groupSignal));
    if (notice !== undefined) observer.notice(notice);
    if (last && evaluation !== undefined) return finish(before, scoreOf(evaluation), session);
    if (stopping) throw interrupted(step, session);
  }
  // Every step was done already: the run was resumed after its end.
  return finish(before, scoreOf(await evaluateHeldOut(recipe.steps, session)), session);
}

async function stepOrExplain(step: number, session: Session): Promise<StepReport> {
  const { parts, paths, recipe } = session;
  try {
    const rollouts = await (session.ahead?.rollouts ?? collectStep(step, parts));
    session.ahead = recipe.rollout.overlap && step < recipe.steps ? sampleAhead(step + 1, session) : undefined;
    return await learnStep(rollouts, parts, session.ahead?.rollouts);
  } catch (error) {
    if (error instanceof NonFinite) throw await saveFailure(paths.failures, step, error);
    throw error;
  }
}

/** Starts on the rollouts of a step with the weights as they are; a failure shows where they are waited for. */
function sampleAhead(step: number, { parts }: Session): Ahead {
  const stages = stageStates(parts.stages);
  const rollouts = collectStep(step, parts);
  rollouts.catch(() => undefined);
  return { rollouts, stages };
}

/** Accuracy of the model as it is before the first step, as a line of step 0. */
async function measureBefore(session: Session): Promise<Score> {
  const evaluation = await evaluateHeldOut(0, session);
  await appendJsonLine(session.paths.metrics, { step: 0, ...evaluationMetrics(evaluation) });
  return scoreOf(evaluation);
}

async function evaluateHeldOut(step: number, { recipe, parts, heldOut, observer }: Session): Promise<Evaluation> {
  const { samples, temperature, seed } = recipe.evaluation;
  const { engine, stages } = parts;
  const settings = { samples, sampling: { ...samplingOf(recipe), temperature }, seed };
  const groups = await answerTasks(heldOut, { engine, environment: stages.environment }, settings, (done) =>
    observer.evaluating(step, done, heldOut.length),
  );
  const evaluation = summarize(groups, samples);
  observer.evaluated(step, evaluation);
  return evaluation;
}

async function record(
  step: number,
  { metrics, timings, collected }: StepReport,
  evaluation: Evaluation | undefined,
  { paths, observer }: Session,
): Promise<void> {
  await writeRollouts(paths.rollouts, step, collected.groups);
  await appendJsonLine(paths.metrics, {
    ...metrics,
    ...(evaluation === undefined ? {} : evaluationMetrics(evaluation)),
  });
  await appendJsonLine(paths.timings, timings);
  const group = collected.groups[step % Math.max(1, collected.groups.length)];
  observer.stepped({ metrics, timings, sample: group?.rollouts[0] });
}

async function save(step: number, before: Score, session: Session): Promise<void> {
  const { paths, parts, recipe } = session;
  const state = {
    step,
    metricsBytes: await fileSize(paths.metrics),
    timingsBytes: await fileSize(paths.timings),
    before,
    seconds: secondsOf(session),
    stages: session.ahead?.stages ?? stageStates(parts.stages),
  };
  const engine = withTeacherState(parts.engine, parts.teacher, recipe);
  await saveCheckpoint(paths.checkpoints, engine, state, recipe.checkpoint.keep);
}

async function finish(before: Score, after: Score, session: Session): Promise<TrainResult> {
  const { recipe, paths, observer } = session;
  const result: TrainResult = { before, after, steps: recipe.steps, seconds: secondsOf(session), run: paths.folder };
  await writeWhole(paths.result, `${JSON.stringify(result, null, 2)}\n`);
  observer.finished(result);
  return result;
}

function interrupted(step: number, { paths, recipe }: Session): Interrupted {
  return new Interrupted(
    `stopped after step ${step} of ${recipe.steps}, everything is saved; go on with: ` +
      `touchstone train --resume ${paths.folder}`,
  );
}

function secondsOf({ checkpoint, started }: Session): number {
  return (checkpoint?.state.seconds ?? 0) + (performance.now() - started) / 1000;
}

function isEvaluated(step: number, { steps, evaluation }: Recipe): boolean {
  return step === steps || (evaluation.every > 0 && step % evaluation.every === 0);
}

function heldOutTasks({ name, evaluation }: Recipe, source: TaskSource): Task[] {
  const count = Math.min(evaluation.tasks, source.size('test'));
  if (count === 0) {
    throw new UserError(
      `${name}: task: must have held-out tasks to measure on, got none; give a test file or more rows`,
    );
  }
  return Array.from({ length: count }, (_, index) => source.task('test', index));
}

function samplingOf({ rollout }: Recipe): SamplingSettings {
  const { group, maxNewTokens, temperature, topP, topK, stop } = rollout;
  return {
    ...{ group, maxNewTokens, temperature, stopStrings: stop },
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
  };
}

function trainerSettings(recipe: Recipe): TrainerParts['settings'] {
  const { beta1, beta2, eps, weightDecay, maxGradNorm } = recipe.optimizer;
  return {
    ...valueHeadFactor(recipe),
    seed: recipe.seed,
    sampling: samplingOf(recipe),
    prompts: recipe.rollout.prompts,
    rounds: recipe.filter.rounds,
    ...recipe.update,
    teacher: recipe.teacher,
    optimizer: { beta1, beta2, eps, weightDecay, maxGradNorm },
  };
}

function scoreOf({ accuracy, passAt }: Evaluation): Score {
  return { accuracy, passAt8: passAt[8] ?? null };
}

/** Held-out figures under the names that they have in `metrics.jsonl`. */
function evaluationMetrics(evaluation: Evaluation): Record<string, number> {
  const { accuracy, interval, passAt, length, truncated, unjudged, families } = evaluation;
  return {
    'eval/accuracy': accuracy,
    'eval/accuracyLow': interval[0],
    'eval/accuracyHigh': interval[1],
    ...Object.fromEntries(Object.entries(passAt).map(([k, value]) => [`eval/passAt${k}`, value])),
    'eval/length': length,
    'eval/truncated': truncated,
    'eval/unjudged': unjudged,
    ...Object.fromEntries(Object.entries(families).map(([name, each]) => [`eval/accuracy/${name}`, each.accuracy])),
  };
}
