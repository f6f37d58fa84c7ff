/**
 * PROF, rollouts kept where process and outcome agree (arXiv 2509.03403; filter_trajectories of PROF-GRPO).
 *
 *     c_i = (2 R_i - 1) mean over steps of 2 (h - mu)              `stepConsistency`; less 10 for under 2 or over 30 steps
 *     keep: of each group without the `remove` least consistent    quotas by outcome, so that what stays is balanced
 *     loss = GRPO over what stays, token mean
 *
 * The process scores never enter the gradient, only the choice. Steps are the runs of the column `segment`, by default paragraphs; the score of
 * a step stands in `tokenRewards` at its last token. Group statistics are those of the kept rollouts. In the code a
 * degenerate number of steps always counts against a rollout; the paper multiplies that penalty by the sign of the
 * outcome. klCoef 0.001 in the paper, default 0 so that no reference is asked for. `blendedReward` is its baseline.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { consistentRollouts, quotaRoundings } from '../filters/process-consistency.js';
import { stepConsistency, stepScoresOf } from '../metrics/step-consistency.js';
import { choice, number } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';
import { segmentParagraphs } from '../terms/spans.js';

export const prof = objective({
  title: 'PROF',
  source: 'arXiv 2509.03403',
  kinds: ['filter'],
  summary: 'Right answers with bad steps and wrong ones with good steps are dropped, balanced by outcome; then GRPO.',
  vectors: 'prof',
  settings: {
    remove: number(4, 'rollouts to take out of every group', { min: 0 }),
    stepPenalty: number(10, 'taken off the score of a rollout with too few or too many steps', { min: 0 }),
    minSteps: number(2, 'fewest steps that are not penalised', { min: 0 }),
    maxSteps: number(30, 'most steps that are not penalised', { min: 0 }),
    mode: choice('both', ['both', 'correct'], 'correct: wrong rollouts leave by draw, for a weak process reward model'),
    seed: number(0, 'of that draw'),
    rounding: choice('half-even', quotaRoundings, 'of a quota that is not whole; up: as the paper has it'),
    ...groupAdvantageSettings,
    ...clipSettings,
    ...commonSettings(),
  },
  variants: [{ mode: 'correct', remove: 1, rounding: 'up' }],
  needs: (settings) => ['oldLogProb', 'segment', 'tokenRewards', ...commonNeeds(settings)],
  differentiates: commonGradients,
  segment: segmentParagraphs,
  keep: (batch, settings) => {
    const scored = stepScoresOf(batch).map((scores, i) => (Number.isNaN(batch.rewards[i]) ? [] : scores));
    return consistentRollouts(stepConsistency(scored, batch.rewards), batch.rewards, batch.group, settings);
  },
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});

/** The baseline that mixes process scores into the reward: outcome plus beta times the mean step score. */
export function blendedReward(outcome: number, stepScores: readonly number[], beta = 0.8): number {
  const sum = stepScores.reduce((total, score) => total + score, 0);
  return outcome + (stepScores.length > 0 ? (beta * sum) / stepScores.length : 0);
}
