export type {
  BatchTotals,
  ColumnName,
  DifferentiableColumn,
  LossResult,
  Objective,
  RolloutBatch,
  RolloutColumnName,
  ServerLoss,
  TopKColumns,
} from './objective.js';
export { createObjective, isObjectiveName, methods, objectiveNames, type ObjectiveName } from './registry.js';
export {
  baselineMethods,
  cardMethods,
  otherCards,
  type CardMethod,
  type MethodName,
  type VectorSlug,
} from './names.js';
export type { ContractRule, Method, MethodKind, ObjectiveMethod, PartMethod, TapedObjective } from './define.js';
export type { MetricName } from './metric-names.js';
export { denseGroups, pairSigns } from './groups.js';
export { broadcast, responseLengths, selectRollouts, selectTokens, totalsOf } from './columns.js';
export {
  groupAdvantage,
  groupStatistics,
  standardDeviations,
  standardised,
  type AdvantageScale,
  type GroupStatistics,
  type StandardDeviation,
} from './advantages/group.js';
export { overlongPenalty } from './advantages/overlong.js';
export { groupsWithSignal } from './filters/dynamic-sampling.js';
export { aggregations, type Aggregation } from './terms/aggregate.js';
export { klKinds, type KlKind } from './terms/kl.js';
export { LOG_RATIO_BOUND } from './terms/ratio.js';
export { samplerCorrections, type SamplerCorrection } from './terms/sampler-correction.js';
export { explainedVariance } from './metrics/explained-variance.js';
export { meanPassAtK, passAtK } from './metrics/pass-at-k.js';
export { Axis } from './tape/axis.js';
export { Tape } from './tape/tape.js';
export { Value } from './tape/value.js';
export { columnSources, runsOnTinker, type ColumnSource } from './column-sources.js';
export { leaveOneOut } from './advantages/leave-one-out.js';
export { lengthWeightedBaseline } from './advantages/length-weighted.js';
export { gpgAdvantage } from './advantages/gpg.js';
export { gae, tokenReturns, type GaeResult } from './advantages/returns.js';
export { outcomeAtEnd, tokenRewards } from './advantages/token-rewards.js';
export { whiten } from './advantages/whiten.js';
export { highEntropyTokens } from './filters/high-entropy.js';
export { ratioBounds, rejectionMask, type RejectionRule } from './filters/rejection.js';
export { largest, quantile } from './terms/select.js';
export { prefixValues, type PrefixValues } from './advantages/prefix-values.js';
export {
  backwardReward,
  channelAdvantage,
  channelModes,
  channelProcessAdvantage,
  falseNegativeRate,
  forwardWeight,
  type Appeals,
  type ChannelAdvantageOptions,
  type ChannelMode,
  type RewardChannel,
} from './advantages/reward-channel.js';
export { entropyGate } from './filters/entropy-gate.js';
export { splitByAttempts } from './methods/dph-rl.js';
export { minPProxy, minPProxyLogProb } from './methods/lp-reg.js';
export { entropyChange } from './methods/steer.js';
export { selfCertainty } from './methods/ucas.js';
export { auditAdvantages, type AdvantageAudit } from './metrics/advantage-audit.js';
export { clipCorrection, type ClipCorrection } from './metrics/clip-correction.js';
export { expectedEntropyChange, exponentialUpdate, type ExponentialUpdate } from './metrics/entropy-change.js';
export {
  mislabelDelta,
  mislabelMoments,
  randomAdvantageMoments,
  type Mislabelling,
  type RandomAdvantageMoments,
} from './metrics/random-reward.js';
export { CASCADE_TIERS, cascadeReward, type CascadeOutcome, type CascadeTiers } from './shaping/cascade.js';
export { rewardArms, spuriousReward, type RewardArm } from './shaping/spurious-reward.js';
export {
  segmenterNames,
  segmenters,
  segmentLines,
  segmentSubsentences,
  SUBSENTENCE_DELIMITERS,
  type SegmenterName,
} from './terms/spans.js';
export {
  answerAdvantages,
  budgetBaselines,
  budgetRelative,
  cutOfVerdict,
  truncationPlan,
  type BudgetBaseline,
  type BudgetCredit,
  type Truncation,
} from './advantages/budget-relative.js';
export {
  attemptRewards,
  testPassRates,
  testWeights,
  type TestOutcomes,
  type TestWeighting,
} from './advantages/test-weights.js';
export {
  consistentRollouts,
  quotaRoundings,
  type ConsistencyFilter,
  type QuotaRounding,
} from './filters/process-consistency.js';
export { valueSampling, type SamplingOptions, type SamplingPlan } from './filters/task-value.js';
export { stepErrorColumn, voteErrorSteps, voteModes, type VoteMode } from './methods/capo.js';
export { blendedReward } from './methods/prof.js';
export { distillationTargets, towards, type DistillationTarget, type TargetOptions } from './methods/sdpo.js';
export { degenerateGroupRatio } from './metrics/degenerate-groups.js';
export { stepConsistency, type StepConsistency } from './metrics/step-consistency.js';
export {
  ANNEALED_TEMPERATURE,
  annealedTemperature,
  coolingLength,
  type AnnealedTemperature,
} from './schedules/annealed-temperature.js';
export { advantageMass, extraRollouts, type ExtraRollouts } from './schedules/extra-rollouts.js';
export { selectForVerification, selectionCounts } from './schedules/verification-selection.js';
export { RENORM, renormTurns, type RenormOptions } from './shaping/renorm.js';
export {
  cotCorrect,
  cotPassAtK,
  expectedCotAdvantage,
  voteRules,
  type CotPassAtK,
  type CotPassAtKSuite,
  type ExpectedAdvantage,
  type JudgedSamples,
  type ReasoningPrior,
  type VoteRule,
} from './metrics/cot-pass-k.js';
export { klShapedReward, preferencePairs, type Attempt, type PreferencePairs } from './methods/agent-rlvr.js';
export { difficultyReport, type DifficultyReport } from './filters/difficulty.js';
export {
  curriculumPhase,
  groupSignalProbability,
  nestedPhases,
  selectHardest,
  twiceHard,
  type PhaseStep,
} from './filters/hard-focus.js';
export {
  multiGammaAdvantages,
  multiGammaReturns,
  shareKlPenalty,
  type DiscountedReward,
} from './advantages/multi-gamma.js';
export { raifLoss, type RaifLoss, type RaifSettings } from './methods/raif.js';
export {
  accuracyArea,
  accuracyCurve,
  detectionBound,
  errorPatterns,
  verifierQuality,
  type DetectionBound,
  type FailMatrix,
  type VerifierQuality,
} from './metrics/test-suite.js';
export {
  answerEntropy,
  supportCounts,
  supportRatios,
  supportThreshold,
  tiltedPolicy,
  type SupportCounts,
  type SupportRatios,
  type TiltedPolicy,
} from './metrics/support.js';
export { processAdvantages } from './advantages/process.js';
export { constrainedBeams, ItemTrie, type Beam, type BeamOptions } from './decoding/item-trie.js';
export { routeStages, type Stage, type StageOutcomes, type StageRoute } from './methods/cog-rethinker.js';
export {
  rankNormalisers,
  rankRewards,
  rankTable,
  recommendationQuality,
  type RankNormaliser,
  type RankRewards,
  type RecommendationQuality,
} from './methods/rere.js';
export { bfloat16, bfloat16Spacing } from './metrics/bf16.js';
export { entropyOf } from './metrics/entropy.js';
export { fitSigmoidScaling, sigmoidScaling, type SigmoidCurve, type SigmoidFit } from './metrics/sigmoid-scaling.js';
export {
  maskJaccard,
  maskOverlap,
  maskRatios,
  updateConsensus,
  updateSparsity,
  type UpdateConsensus,
  type UpdateSparsity,
  type WeightMask,
  type Weights,
} from './metrics/update-geometry.js';
export { bm25Scores, bm25Top, type Bm25Options } from './retrieval/bm25.js';
export { pairwiseOutcomes } from './methods/writing-zero.js';
export { flowVelocity, velocityDeviation, type FlowField, type VelocityDeviation } from './shaping/flow-field.js';
export { concisenessRewards, type ConcisenessSettings } from './methods/crm-crf.js';
export { planAuxiliaryItems, type JudgingPlan } from './methods/spark.js';
export { crossRewards, majorityAnswer } from './methods/co-reward.js';
export { subgroupLabels } from './methods/scope.js';
export { probabilityReward, referenceProbability } from './methods/rlpr.js';
export { scoreVariants, selectProblem } from './methods/svs.js';
export { reflectiveRewards, reflectiveWeights, type ReflectiveWeightOptions } from './methods/dro.js';
export { rankByHistory, type HistoryRank } from './methods/one-shot-rlvr.js';
export { flowSdeLoss, flowSdeStep, type FlowLoss, type FlowStep, type FlowTransition } from './terms/flow-sde.js';
export { editRatio, rougeL, suffixMatch } from './decoding/branch-similarity.js';
export {
  forkMask,
  grantForks,
  LookaheadForest,
  type Branch,
  type Candidate,
  type ForestShape,
  type ForkRule,
  type LookaheadRules,
  type PruneRule,
} from './decoding/lookahead-forest.js';
export { treeSequences, treeShare, type TreeShareSchedule } from './methods/latr.js';
export { recipeUse } from './recipe-use.js';
