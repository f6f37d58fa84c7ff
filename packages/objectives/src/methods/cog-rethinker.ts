/**
 * Cog-Rethinker, rescue stages for prompts without success (arXiv 2510.15979; no code, the full text was not read).
 *
 *     direct rollouts of all prompts; prompts without success are tried again by decomposition, then by reflection
 *     RL groups: the groups of every stage with 0 < accuracy < 1, each under its own prompt      `routeStages`
 *     SFT set: right responses of the two rescue stages, under the direct prompt: the column `external`
 *     loss = mean over own tokens of max(-A r, -A clip(r, 1 - 0.2, 1 + 0.28)) + lambda mean over SFT tokens of -log pi
 *
 * SFT responses have no advantage and stay out of group statistics; without any, the method is DAPO, and without a group
 * that has signal only the SFT term is left. Their log-probs must be taken under the direct prompt: that is what carries
 * the skill over. Demonstrations for the decomposition come from earlier successes by BM25 (retrieval/bm25.ts). Inferred:
 * lambda 0.1, token means, rescue groups among the RL groups.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast, externalTokenCounts } from '../columns.js';
import { objective, type LossContext } from '../define.js';
import { number, withDefaults } from '../settings.js';
import type { Value } from '../tape/value.js';
import { aggregate } from '../terms/aggregate.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { externalFlags } from '../terms/mixed-policy.js';
import { tokenRatio } from '../terms/ratio.js';

export const cogRethinker = objective({
  title: 'Cog-Rethinker',
  source: 'arXiv 2510.15979',
  kinds: ['policy loss', 'imitation loss', 'filter'],
  summary: 'Unsolved prompts are tried again by decomposition and reflection; DAPO, and SFT on what those rescue.',
  vectors: 'cog-rethinker',
  settings: {
    ...groupAdvantageSettings,
    ...withDefaults(clipRangeSettings, { clipHigh: 0.28 }),
    sftCoef: number(0.1, 'lambda, weight of the SFT term', { min: 0 }),
  },
  variants: [{ sftCoef: 0 }, { sftCoef: 2 }],
  needs: () => ['oldLogProb', 'external'],
  differentiates: () => ['logProb'],
  advantages: (batch, settings) => {
    const rescued = externalTokenCounts(batch);
    const rewards = batch.rewards.map((reward, i) => (rescued[i]! > 0 ? NaN : reward));
    return broadcast(batch, groupAdvantage(rewards, batch.group, settings));
  },
  loss: (context, settings) => {
    const { tape, totals, logProb } = context;
    const rescued = externalFlags(context);
    const own = clippedLoss(context, tokenRatio(context), settings);
    const policy = meanOver(context, tape.fill(0).where(rescued, own), totals.tokens - totals.externalTokens);
    const imitation = meanOver(context, logProb.neg().where(rescued, 0), totals.externalTokens);
    context.report('policyLoss', policy.scalar);
    context.report('externalLoss', imitation.scalar);
    return policy.add(imitation.mul(settings.sftCoef));
  },
  exempt: {
    'zero-signal': 'a lone own rollout beside SFT responses is a group of one, which keeps its reward',
    'zero-gradient': 'the SFT term does not depend on advantages',
  },
});

function meanOver(context: LossContext, value: Value, tokens: number): Value {
  return aggregate(context.tape, value, { ...context.totals, tokens }, { aggregation: 'token-mean', lengthNorm: null });
}

export type Stage = 'direct' | 'decompose' | 'reflect';

/** Outcomes (1 right, 0 wrong) by prompt; a rescue stage has those of the prompts that came to it. */
export interface StageOutcomes {
  readonly direct: readonly (readonly number[])[];
  readonly decompose: Readonly<Record<number, readonly number[]>>;
  readonly reflect: Readonly<Record<number, readonly number[]>>;
}

export interface StageRoute {
  /** Prompts that come to each rescue stage. */
  readonly decompose: readonly number[];
  readonly reflect: readonly number[];
  /** Groups with signal, by stage and prompt. */
  readonly rlGroups: readonly (readonly [Stage, number])[];
  /** Right rescue responses, by stage, prompt and place in the group. */
  readonly sftSamples: readonly (readonly [Stage, number, number])[];
  readonly unsolved: readonly number[];
}

/**
 * What becomes of the rollouts of a batch. `auxGroupsInRl`: whether groups of the rescue stages with signal join the RL
 * groups. A stage without outcomes for a prompt counts as failed.
 */
export function routeStages(outcomes: StageOutcomes, { auxGroupsInRl = true } = {}): StageRoute {
  const accuracy = (list: readonly number[] = []) =>
    list.reduce((sum, value) => sum + value, 0) / Math.max(list.length, 1);
  const hasSignal = (list: readonly number[] = []) => accuracy(list) > 0 && accuracy(list) < 1;
  const all = [...outcomes.direct.keys()];
  const decompose = all.filter((i) => accuracy(outcomes.direct[i]) === 0);
  const reflect = decompose.filter((i) => accuracy(outcomes.decompose[i]) === 0);
  const stages = [
    ['direct', all, (i: number) => outcomes.direct[i]],
    ['decompose', decompose, (i: number) => outcomes.decompose[i]],
    ['reflect', reflect, (i: number) => outcomes.reflect[i]],
  ] as const;
  const rescues = stages.slice(1);
  return {
    decompose,
    reflect,
    rlGroups: (auxGroupsInRl ? stages : stages.slice(0, 1)).flatMap(([stage, prompts, of]) =>
      prompts.filter((i) => hasSignal(of(i))).map((i) => [stage, i] as const),
    ),
    sftSamples: rescues.flatMap(([stage, prompts, of]) =>
      prompts.flatMap((i) => (of(i) ?? []).flatMap((right, k) => (right === 1 ? [[stage, i, k] as const] : []))),
    ),
    unsolved: reflect.filter((i) => accuracy(outcomes.reflect[i]) === 0),
  };
}
