/**
 * DAPO, decoupled clip and dynamic sampling (arXiv 2503.14476).
 *
 *     R'_i = R_i + min(-(|o_i| - (L_max - L_b)) / L_b factor, 0)   soft overlong punishment, when L_max and L_b are set
 *     A_i  = (R'_i - mean_g) / (std_g + 1e-6)
 *     loss = sum of L_t / tokens                                   L_t as in GRPO with e_lo 0.2 < e_hi 0.28, c = 10
 *
 * Dynamic sampling: `keep` drops groups whose rewards R_i are all equal, singletons stay; asking for more prompts until
 * the batch is full is the trainer's part. No KL, no entropy bonus. Normalisation: every token weighs the same.
 * verl's DAPO recipe filters on accuracy or on the final reward; here it is the reward before the length penalty.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { overlongPenalty } from '../advantages/overlong.js';
import { broadcast, responseLengths } from '../columns.js';
import { objective } from '../define.js';
import { groupsWithSignal } from '../filters/dynamic-sampling.js';
import type { RolloutBatch } from '../objective.js';
import { flag, number, optionalNumber, withDefaults } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const dapo = objective({
  title: 'DAPO',
  source: 'arXiv 2503.14476',
  kinds: ['policy loss', 'filter', 'reward shaping'],
  summary: 'GRPO with a wider upper clip, token mean, groups without signal dropped, and a soft length punishment.',
  vectors: 'baselines',
  settings: {
    ...groupAdvantageSettings,
    ...withDefaults(clipSettings, { clipHigh: 0.28, dualClip: 10 }),
    ...commonSettings({ aggregation: 'token-mean' }),
    dynamicSampling: flag(true, 'drop groups whose rewards are all equal'),
    overlongMax: optionalNumber(null, 'L_max, longest allowed response in tokens; null: no length punishment', {
      min: 1,
    }),
    overlongBuffer: number(4096, 'L_b, tokens before L_max over which the punishment grows', { min: 1 }),
    overlongFactor: number(1, 'punishment at L_max', { min: 0 }),
  },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  keep: (batch, { dynamicSampling }) =>
    dynamicSampling ? groupsWithSignal(batch.rewards, batch.group) : new Uint8Array(batch.group.length).fill(1),
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(shaped(batch, settings), batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});

interface Overlong {
  readonly overlongMax: number | null;
  readonly overlongBuffer: number;
  readonly overlongFactor: number;
}

function shaped(batch: RolloutBatch, { overlongMax, overlongBuffer, overlongFactor }: Overlong): Float64Array {
  if (overlongMax === null) return batch.rewards;
  const penalty = overlongPenalty(responseLengths(batch), overlongMax, overlongBuffer, overlongFactor);
  return batch.rewards.map((reward, i) => reward + penalty[i]!);
}
