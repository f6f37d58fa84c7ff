import type { ColumnRequest, Engine, TokenColumns } from '@touchstone/engine';
import type { ColumnName, Objective, RolloutColumnName } from '@touchstone/objectives';
import { segmentLines } from '@touchstone/objectives';
import { UserError } from '../errors.js';
import type { ScoredRollout } from '../rollout/rollout.js';
import { responseLength, tokenSource } from '../rollout/rollout.js';
import type { StepBatch, Temperature } from './batch.js';
import { gatherColumn, toResponses, tokenBatch, withColumns } from './batch.js';
import { withTeacherColumns } from './teacher.js';

/**
 * Who brings a column: a pass over the model as it is at each update, or as it was at the start of the step; the sampler;
 * the frozen reference; the teacher; the rollouts; or the objective itself.
 */
type Origin = 'current' | 'old' | 'sampler' | 'reference' | 'teacher' | 'rollouts' | 'objective';

const origins: Readonly<Record<ColumnName, Origin>> = {
  logProb: 'current',
  entropy: 'current',
  meanLogProb: 'current',
  topLogProb: 'current',
  oldLogProb: 'old',
  oldEntropy: 'old',
  oldMeanLogProb: 'old',
  oldLogit: 'old',
  values: 'current',
  oldValues: 'old',
  samplerLogProb: 'sampler',
  refLogProb: 'reference',
  teacherLogProb: 'teacher',
  tokenRewards: 'rollouts',
  external: 'rollouts',
  segment: 'rollouts',
  returns: 'objective',
  tokenScale: 'objective',
  proxyLogProb: 'objective',
};

/** What a step must ask the engine for. */
export interface ColumnPlan {
  readonly needs: ReadonlySet<ColumnName>;
  /** Of the weights at the start of the step, beside what `current` asks for. */
  readonly start: ColumnRequest;
  /** Of the weights being trained, beside the log-prob. */
  readonly current: ColumnRequest;
  /** Spans of a response from the text of each token. */
  readonly segment: (tokens: readonly string[]) => Int32Array;
  /**
   * The sampler's log-probs stand for those of the first update: one update a step and nothing else is asked for, so
   * the weights that sampled are the weights being trained. Saves a forward pass; ratios are then exactly 1.
   */
  readonly onPolicy: boolean;
}

/** What an objective asks for that neither the trainer nor any engine brings. */
export function missingColumns({ differentiates }: Objective): string[] {
  const trainsNoPolicy = differentiates.every((name) => name === 'values');
  return trainsNoPolicy
    ? ['responses that a strategy brings: it trains a scalar head, not the policy that samples']
    : [];
}

/** Whether the model of a run with this objective needs a value head. */
export function needsValueHead({ needs }: Objective): boolean {
  return needs.includes('values') || needs.includes('oldValues');
}

export function givesColumn({ limits }: Engine, column: keyof ColumnRequest): boolean {
  return limits === undefined || limits.columns.includes(column);
}

/** `updates`: optimiser updates a step. */
export function planColumns(objective: Objective, updates: number, vocabSize: number): ColumnPlan {
  const needs = new Set<ColumnName>(objective.needs);
  const current: ColumnRequest = {
    ...(needs.has('entropy') && { entropy: true }),
    ...((needs.has('meanLogProb') || needs.has('oldMeanLogProb')) && { meanLogProb: true }),
    ...(needs.has('topLogProb') && { topLogProb: true }),
    ...(needs.has('values') && { value: true }),
    ...(objective.topK !== undefined && { topK: Math.min(objective.topK, vocabSize) }),
  };
  const start = startRequest(needs);
  const asksMore = needs.has('samplerLogProb') || Object.keys({ ...start, ...current }).length > 0;
  const segment = (tokens: readonly string[]) => objective.segment?.(tokens) ?? segmentLines(tokens);
  return { needs, start, current, segment, onPolicy: updates === 1 && !asksMore };
}

/** Whether a run with this objective needs a frozen copy of the model that it starts from. */
export function needsReference(objective: Objective): boolean {
  return objective.needs.some((name) => origins[name] === 'reference');
}

export interface ColumnContext {
  readonly engine: Engine;
  readonly reference: Engine | undefined;
  readonly teacher: Engine | undefined;
  readonly temperature: Temperature;
  readonly decode: (tokens: Int32Array) => string;
}

/** Columns at the start of the step: what advantages and the first update read. */
export async function stepColumns(batch: StepBatch, plan: ColumnPlan, context: ColumnContext): Promise<StepBatch> {
  const { needs } = plan;
  const { temperature } = context;
  const columns: Partial<Record<ColumnName, Float64Array>> = {};
  const sampled = gatherColumn(batch, ({ samplerLogProbs }) => samplerLogProbs);
  const start = plan.onPolicy
    ? withColumns(batch, { logProb: sampled })
    : await currentColumns(batch, plan, context, plan.start);
  const { logProb, entropy, meanLogProb, values } = start.view.columns;
  if (needs.has('oldLogProb')) columns.oldLogProb = logProb as Float64Array;
  if (needs.has('oldEntropy')) columns.oldEntropy = entropy as Float64Array;
  if (needs.has('oldMeanLogProb')) columns.oldMeanLogProb = meanLogProb as Float64Array;
  if (needs.has('oldValues')) columns.oldValues = values as Float64Array;
  if (needs.has('samplerLogProb')) columns.samplerLogProb = sampled;
  if (needs.has('refLogProb')) columns.refLogProb = await referenceColumn(batch, context);
  if (needs.has('tokenRewards')) columns.tokenRewards = gatherColumn(batch, tokenRewards);
  if (needs.has('external')) columns.external = gatherColumn(batch, externalTokens);
  if (needs.has('segment')) columns.segment = gatherColumn(batch, spansOf(plan, context.decode));
  const filled = withColumns(start, columns);
  const isBrought = batch.rollouts.some((rollout) => rollout.columns?.teacherLogProb !== undefined);
  if (context.teacher !== undefined && !isBrought)
    return await withTeacherColumns(filled, context.teacher, temperature);
  if (!needs.has('teacherLogProb')) return filled;
  const teacherLogProb = gatherColumn(batch, (rollout) => broughtColumn(rollout, 'teacherLogProb'));
  return withColumns(filled, { teacherLogProb });
}

function broughtColumn({ columns, task }: ScoredRollout, name: ColumnName): Float64Array {
  const column = columns?.[name];
  if (column !== undefined) return column;
  throw new UserError(
    `recipe: objective: column ${name} must come with every rollout, got none for task ${task.id}; ` +
      `let the strategy set columns.${name}, or choose an objective that does without`,
  );
}

/** [rollouts] A value that every rollout brings. */
export function broughtValues(batch: StepBatch, name: RolloutColumnName): Float64Array {
  return Float64Array.from(batch.rollouts, ({ values, task }) => {
    const value = values?.[name];
    if (value !== undefined) return value;
    throw new UserError(
      `recipe: objective: ${name} must come with every rollout, got none for task ${task.id}; ` +
        `let the strategy set values.${name}, or choose an objective that does without`,
    );
  });
}

/** The same minibatch with its columns under the weights as they are now. */
export async function refreshColumns(
  batch: StepBatch,
  plan: ColumnPlan,
  context: Pick<ColumnContext, 'engine' | 'teacher' | 'temperature'>,
): Promise<StepBatch> {
  const fresh = await currentColumns(batch, plan, context, {});
  // The likeliest tokens may be others by now; the teacher's log-prob of the chosen one is the same all through a step.
  if (context.teacher === undefined || fresh.view.topK === undefined) return fresh;
  return await withTeacherColumns(fresh, context.teacher, context.temperature);
}

/** What is asked for at the start of the step only. */
function startRequest(needs: ReadonlySet<ColumnName>): ColumnRequest {
  return {
    ...(needs.has('oldEntropy') && { entropy: true }),
    ...(needs.has('oldLogit') && { logit: true }),
    ...(needs.has('oldValues') && { value: true }),
  };
}

async function currentColumns(
  batch: StepBatch,
  plan: ColumnPlan,
  { engine, temperature }: Pick<ColumnContext, 'engine' | 'temperature'>,
  extra: ColumnRequest,
): Promise<StepBatch> {
  const tokens = tokenBatch(batch, temperature);
  const given = await engine.forward(tokens, { ...plan.current, ...extra });
  const columns: Partial<Record<ColumnName, Float64Array>> = {};
  for (const name of ['logProb', 'entropy', 'meanLogProb', 'topLogProb'] as const satisfies (keyof TokenColumns)[]) {
    const column = given[name];
    if (column !== undefined) columns[name] = toResponses(batch, tokens, column);
  }
  if (given.value !== undefined) columns.values = toResponses(batch, tokens, given.value);
  if (given.logit !== undefined) columns.oldLogit = toResponses(batch, tokens, given.logit);
  const { topKIds, topKLogProb } = given;
  const width = plan.current.topK;
  const filled = withColumns(batch, columns);
  if (width === undefined || topKIds === undefined || topKLogProb === undefined) return filled;
  const ids = Int32Array.from(toResponses(batch, tokens, topKIds, width));
  const topK = { width, ids, logProb: toResponses(batch, tokens, topKLogProb, width) };
  return { ...filled, view: { ...filled.view, topK } };
}

async function referenceColumn(batch: StepBatch, { reference, temperature }: ColumnContext): Promise<Float64Array> {
  if (reference === undefined) throw new Error('referenceColumn: needs the reference model, got none; fork one first');
  const tokens = tokenBatch(batch, temperature);
  const { logProb } = await reference.forward(tokens, {});
  return toResponses(batch, tokens, logProb);
}

/** A reward without its own tokens is earned by the last one. */
function tokenRewards(rollout: ScoredRollout): Float64Array {
  if (rollout.reward.tokens !== undefined) return rollout.reward.tokens;
  const rewards = new Float64Array(responseLength(rollout));
  if (rewards.length > 0) rewards[rewards.length - 1] = rollout.reward.total;
  return rewards;
}

/** 1 at tokens of a demonstration. */
function externalTokens(rollout: ScoredRollout): Uint8Array {
  const sources = rollout.sources ?? new Uint8Array(responseLength(rollout)).fill(tokenSource.policy);
  return sources.map((source) => (source === tokenSource.demonstration ? 1 : 0));
}

/** Numbers the spans of each response: those that its strategy cut, otherwise as the objective cuts the tokens' texts. */
function spansOf(
  { segment }: ColumnPlan,
  decode: ColumnContext['decode'],
): (rollout: ScoredRollout) => ArrayLike<number> {
  const texts = new Map<number, string>();
  const textOf = (token: number): string => {
    const text = texts.get(token) ?? decode(Int32Array.of(token));
    texts.set(token, text);
    return text;
  };
  return ({ tokens, promptLength, segments }) => segments ?? segment(Array.from(tokens.subarray(promptLength), textOf));
}
