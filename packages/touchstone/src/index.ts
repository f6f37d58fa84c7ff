export { deriveSeed, hashText, Random } from './random.js';
export type { ChatMessage, Json, Judge, Split, StepVerdict, Task, TaskSource, WorkedVerdict } from './task/task.js';
export { createTaskSource, describeTask, taskNames, taskSourceOf } from './task/registry.js';
export type { TaskContext, TaskName } from './task/registry.js';
export { familySource } from './task/family-source.js';
export type { FamilySource } from './task/family-source.js';
export { families, familyNames } from './task/families/index.js';
export type { FamilyName } from './task/families/index.js';
export type { Family, Fault, Level, Line } from './task/families/family.js';
export { ANSWER_MARKER, continueWorking, formatWorking, judgeWorking } from './task/working.js';
export type { Working } from './task/working.js';
export { corpusDocument, defaultMixture } from './task/corpus/corpus.js';
export type { CorpusDocument, CorpusMixture } from './task/corpus/corpus.js';
export { buildTokenizer } from './task/corpus/tokenizer.js';
export { recipeSchema } from './config/recipe.js';
export type { Recipe, RecipeInput } from './config/recipe.js';
export { loadRecipe, resolveRecipe } from './config/load.js';
export type { RecipeSource } from './config/load.js';
export { singleTurnEnvironment } from './environment/environment.js';
export type { Environment, SingleTurnOptions, TextCodec } from './environment/environment.js';
export { responseLength, tokenSource } from './rollout/rollout.js';
export type {
  JudgedGroup,
  JudgedRollout,
  Rollout,
  RolloutGroup,
  ScoredGroup,
  ScoredRollout,
} from './rollout/rollout.js';
export { judgeGroups } from './rollout/judge.js';
export { latrStrategy } from './rollout/latr.js';
export { latrSchema } from './rollout/latr-settings.js';
export type { LatrSettings } from './rollout/latr-settings.js';
export { sampleGroups } from './rollout/strategy.js';
export type { RolloutContext, RolloutStrategy, SamplingSettings } from './rollout/strategy.js';
export { overlongReward, verdictReward } from './reward/reward.js';
export type { OverlongSettings, Reward, RewardValue, VerdictRewardSettings } from './reward/reward.js';
export { uniformCurriculum } from './trainer/curriculum.js';
export type { Curriculum, Stateful } from './trainer/curriculum.js';
export { groupFilters, groupSignal } from './trainer/filter.js';
export type { GroupFilter, GroupFilterName, GroupSignal } from './trainer/filter.js';
export { groupedMinibatches } from './trainer/minibatches.js';
export type { Minibatcher, MinibatchRequest } from './trainer/minibatches.js';
export { learningRateSchedule } from './trainer/schedule.js';
export type { Schedule, ScheduleSettings } from './trainer/schedule.js';
export { trainStep } from './trainer/trainer.js';
export type { Stages, StepReport, TrainerParts, TrainerSettings } from './trainer/trainer.js';
export type { StepMetrics } from './trainer/step-metrics.js';
export { answerTasks, summarize } from './evaluation/evaluate.js';
export type { Accuracy, Evaluation, EvaluationSettings } from './evaluation/evaluate.js';
export { meanPassAtK, wilsonInterval } from './evaluation/statistics.js';
export type { AnswerCount } from './evaluation/statistics.js';
export { train } from './run/train.js';
export type { TrainRequest, TrainResult } from './run/train.js';
export { createRun, readRun, runPaths } from './run/run-folder.js';
export type { RunDescription, RunPaths } from './run/run-folder.js';
export type { LoadedModel, LoadModel } from './run/model.js';
export { silentObserver } from './run/observer.js';
export type { RunObserver } from './run/observer.js';
export type { TeacherHints, TeacherPrompt } from './trainer/teacher.js';
export { teacherPrompt } from './trainer/teacher.js';
export type { StagesContext, StagesFactory, StagesInput } from './run/stages.js';
export { Interrupted, RunStopped, TouchstoneError, UserError } from './errors.js';
