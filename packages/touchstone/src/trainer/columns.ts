import type { ColumnRequest, Engine, TokenColumns } from '@touchstone/engine';
import type { ColumnName, Objective, RolloutBatch } from '@touchstone/objectives';
import { UserError } from '../errors.js';
import type { ScoredRollout } from '../rollout/rollout.js';
import { responseLength } from '../rollout/rollout.js';
import type { StepBatch, Temperature } from './batch.js';
import { gatherColumn, toResponses, tokenBatch, withColumns } from './batch.js';

/** Which of the columns an objective asks for come from where. */
export interface ColumnPlan {
  /** Of the weights being trained, beside the log-prob. */
  readonly current: ColumnRequest;
  /** Of the weights at the start of the step. */
  readonly old: boolean;
  readonly oldEntropy: boolean;
  readonly sampler: boolean;
  readonly reference: boolean;
  readonly tokenRewards: boolean;
  /**
   * The sampler's log-probs stand for those of the first update: one update a step and nothing else is asked for, so
   * the weights that sampled are the weights being trained. Saves a forward pass; ratios are then exactly 1.
   */
  readonly onPolicy: boolean;
}

/** Throws a UserError for columns that no engine gives yet. `updates`: optimiser updates a step. */
export function planColumns(objective: Objective, updates: number): ColumnPlan {
  const needs = new Set<ColumnName>(objective.needs);
  for (const name of ['values', 'oldValues'] as const) {
    if (needs.has(name) || objective.differentiates.includes('values')) {
      throw new UserError(
        `recipe: objective.name must be one that works without a value head, got ${objective.name}, which needs ` +
          `${name}; choose a critic-free objective such as grpo`,
      );
    }
  }
  const current: ColumnRequest = {
    ...(needs.has('entropy') && { entropy: true }),
    ...(needs.has('meanLogProb') && { meanLogProb: true }),
    ...(needs.has('topLogProb') && { topLogProb: true }),
  };
  const sampler = needs.has('samplerLogProb');
  const oldEntropy = needs.has('oldEntropy');
  return {
    current,
    old: needs.has('oldLogProb'),
    oldEntropy,
    sampler,
    reference: needs.has('refLogProb'),
    tokenRewards: needs.has('tokenRewards'),
    onPolicy: updates === 1 && !sampler && !oldEntropy && Object.keys(current).length === 0,
  };
}

export interface ColumnContext {
  readonly engine: Engine;
  readonly reference: Engine | undefined;
  readonly temperature: Temperature;
}

/** Columns at the start of the step: what advantages and the first update read. */
export async function stepColumns(batch: StepBatch, plan: ColumnPlan, context: ColumnContext): Promise<StepBatch> {
  const columns: Partial<Record<ColumnName, Float64Array>> = {};
  const samplerLogProb = gatherColumn(batch, ({ samplerLogProbs }) => samplerLogProbs);
  if (plan.onPolicy) columns.logProb = samplerLogProb;
  else Object.assign(columns, await currentColumns(batch, plan, context, plan.oldEntropy));
  if (plan.old) columns.oldLogProb = columns.logProb as Float64Array;
  if (plan.oldEntropy) columns.oldEntropy = columns.entropy as Float64Array;
  if (plan.sampler) columns.samplerLogProb = samplerLogProb;
  if (plan.tokenRewards) columns.tokenRewards = gatherColumn(batch, tokenRewards);
  if (plan.reference) columns.refLogProb = await referenceColumn(batch, context);
  return withColumns(batch, columns);
}

/** The same minibatch with its columns under the weights as they are now. */
export async function refreshColumns(batch: StepBatch, plan: ColumnPlan, context: ColumnContext): Promise<StepBatch> {
  return withColumns(batch, await currentColumns(batch, plan, context, false));
}

async function currentColumns(
  batch: StepBatch,
  plan: ColumnPlan,
  { engine, temperature }: ColumnContext,
  withEntropy: boolean,
): Promise<RolloutBatch['columns']> {
  const tokens = tokenBatch(batch, temperature);
  const given = await engine.forward(tokens, withEntropy ? { ...plan.current, entropy: true } : plan.current);
  const columns: Partial<Record<ColumnName, Float64Array>> = {};
  for (const name of ['logProb', 'entropy', 'meanLogProb', 'topLogProb'] as const satisfies (keyof TokenColumns)[]) {
    const column = given[name];
    if (column !== undefined) columns[name] = toResponses(batch, tokens, column);
  }
  return columns;
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
