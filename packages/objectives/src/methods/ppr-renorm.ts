/**
 * PPR, process rewards of turns centred by the outcome (arXiv 2509.25598; main_ppo.py of Zhuohao-Li/ppr).
 *
 *     turn k < K: r_k = p_k + R - beta at its last token;  turn K: R;  all other tokens 0       `renormTurns`
 *     r_t - 0.001 (log pi_old - log ref);  PPO with gamma = lambda = 1, advantages whitened over the tokens of the step
 *
 * With beta the largest score a turn never earns where the answer is wrong and never pays where it is right; whitening
 * takes that property from the advantages again. A trajectory of one turn has its outcome only. Turns are the runs of the
 * column `segment` among the tokens that carry loss; p_k stands in `tokenRewards` at the last token of the turn, NaN where
 * the judge failed. The paper centres by the mean of the sum, about 1, the code by the constant. `renorm: false` adds up
 * scores and outcome, which invites many pleasing turns with a wrong answer. klCoef of the loss is 0: the penalty is in
 * the reward.
 */
import { penalisedScores } from '../advantages/token-rewards.js';
import { tokenColumn } from '../columns.js';
import { objective } from '../define.js';
import type { RolloutBatch } from '../objective.js';
import { choice, flag, number, withDefaults, type SettingsOf } from '../settings.js';
import { renormTurns } from '../shaping/renorm.js';
import { actorCritic, actorCriticSettings } from '../terms/actor-critic.js';
import { turnEnds } from '../terms/turns.js';

const renormSettings = {
  renorm: flag(true, 'centre the rewards of turns by the outcome'),
  beta: number(1, 'largest process score'),
  failedJudge: choice('zero', ['zero', 'skip'], 'a turn without score: score 0 (the code), or no reward'),
  rewardKlCoef: number(0.001, 'weight of the KL penalty inside token rewards; 0: no reference is asked for', {
    min: 0,
  }),
} as const;

type RenormSettings = SettingsOf<typeof renormSettings>;

export const pprRenorm = objective({
  title: 'PPR with ReNorm',
  source: 'arXiv 2509.25598',
  kinds: ['reward shaping', 'credit assignment'],
  summary: 'Judged turns earn only where the answer is right and pay only where it is wrong; PPO on the turn rewards.',
  vectors: 'ppr-renorm',
  settings: { ...renormSettings, ...withDefaults(actorCriticSettings, { lambda: 1, dualClip: null }) },
  variants: [{ renorm: false }, { failedJudge: 'skip' }],
  ...actorCritic<RenormSettings>(
    (batch, settings) => penalisedScores(batch, turnRewards(batch, settings), settings.rewardKlCoef),
    ({ rewardKlCoef }) => ['tokenRewards', 'segment', ...(rewardKlCoef > 0 ? (['refLogProb'] as const) : [])],
  ),
});

/** [tokens] The rewards of turns at their last tokens, 0 elsewhere. Rollouts without a scored outcome get none. */
export function turnRewards(
  batch: RolloutBatch,
  { renorm, beta, failedJudge }: Pick<RenormSettings, 'renorm' | 'beta' | 'failedJudge'>,
): Float64Array {
  const process = tokenColumn(batch, 'tokenRewards');
  const out = new Float64Array(batch.mask.length);
  const allEnds = turnEnds(batch);
  batch.rewards.forEach((outcome, rollout) => {
    const ends = allEnds[rollout]!;
    if (Number.isNaN(outcome) || ends.length === 0) return;
    const scores = ends.slice(0, -1).map((token) => (Number.isNaN(process[token]!) ? null : process[token]!));
    const turns = renorm
      ? renormTurns(scores, outcome, { beta, failedJudge })
      : [...scores.map((p) => p ?? 0), outcome];
    ends.forEach((token, k) => (out[token] = turns[k]!));
  });
  return out;
}
