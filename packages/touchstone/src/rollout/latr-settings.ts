import { treeSequences, treeShare } from '@touchstone/objectives';
import type { TreeShareSchedule } from '@touchstone/objectives';
import { z } from 'zod';

const share = z.number().min(0).max(1);
const test = share.nullable();

/** Defaults are those of the authors for Countdown; answers far shorter than 1,024 tokens want smaller `filterSteps`. */
export const latrSchema = z.strictObject({
  name: z.literal('latr'),
  eta: z
    .union([share, z.record(z.string().regex(/^\d+$/), share)], 'must be a share, or shares by training step')
    .refine((eta) => typeof eta === 'number' || Object.keys(eta).length > 0, 'must hold a step')
    .default({ 0: 1, 10: 0.75, 20: 0.5, 80: 0.25, 200: 0 })
    .describe('share of a group that begins in a tree, by the training step from which it holds; one number for all'),
  candidates: z.int().min(2).default(2).describe('likeliest next tokens that are looked at'),
  tauAbs: share.default(0.25).describe('a candidate forks where its probability is above this'),
  tauRel: share.default(0.15).describe('and less than this below that of the likeliest'),
  tauEdit: test.default(0.4).describe('forks nearer to their parent than this share of edits are deleted; null: off'),
  tauSuffix: test.default(null).describe('those that share a longer suffix; null: off'),
  tauRouge: test.default(null).describe('those with a higher ROUGE-L; null: off'),
  filterSteps: z
    .array(z.int().min(1))
    .default([20, 30, 50])
    .describe('ages in tokens at which a fork is compared with its parent'),
  forceReturnStep: z
    .int()
    .min(1)
    .optional()
    .describe('most tokens of the trees; absent: half of rollout.maxNewTokens, at most 512'),
  fullFraction: share.default(0.98).describe('share of all places that must be taken before the trees may end'),
  fullDecay: share.default(0.05).describe('what that share loses over the whole response'),
});

export type LatrSettings = z.output<typeof latrSchema>;

/** Most tokens that the trees grow, for responses of that budget. */
export function treeSteps({ forceReturnStep }: LatrSettings, maxNewTokens: number): number {
  return Math.min(forceReturnStep ?? Math.min(512, Math.ceil(maxNewTokens / 2)), maxNewTokens);
}

/** How many responses of a group begin in a tree at that training step. */
export function treePlaces({ eta }: LatrSettings, group: number, step: number): number {
  return treeSequences(group, typeof eta === 'number' ? eta : treeShare(scheduleOf(eta), step));
}

/** The same at the step where it is most. */
export function mostTreePlaces({ eta }: LatrSettings, group: number): number {
  return treeSequences(group, typeof eta === 'number' ? eta : Math.max(...Object.values(eta)));
}

function scheduleOf(eta: Readonly<Record<string, number>>): TreeShareSchedule {
  const entries = Object.entries(eta).map(([step, value]) => [Number(step), value] as const);
  return entries.sort(([a], [b]) => a - b);
}
