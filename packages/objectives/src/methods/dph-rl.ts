/**
 * DPH-RL, rehearsal by a mass-covering divergence (arXiv 2509.07430; verl/trainer/ppo/core_algos.py of its repository).
 *
 *     fresh tokens:    L_t as in GRPO with e_lo 0.2, e_hi 0.28, c = 3; no KL, no entropy bonus
 *     stored tokens:   f(u), u = pi / pi_0, d = log u               responses of the initial policy to solved prompts
 *       forward        e^d - d - 1                                  KL(pi_0 || pi); d cut at +-20, f at 10
 *       js-generator   u log u - (u + 1) log((u + 1) / 2)           2 JS; no pull on tokens that are forgotten
 *       alpha          (u^(1-a) - (1-a) u - a) / (a (a-1))
 *       js             k3 of log M - log pi_0, M = (pi + pi_0) / 2; fresh tokens also get jsShare k3(log M - log pi)
 *     loss = (fresh rollouts / all) mean over fresh tokens of L + (stored / all) coef mean over stored tokens of f
 *
 * The stored responses are marked in the column `external`, `refLogProb` holds log pi_0. Their rewards play no part: they
 * have no advantage and stay out of every group statistic. Without any the method is DAPO's loss. Normalisation: the
 * official code averages micro-batches of one kind each with equal weight, which is the share of rollouts used here.
 * It adds the fresh half of `js` to a tenth of the micro-batches by chance; here it is always there with that weight.
 * The official js-generator and alpha have no bound; here d is cut at 80, where float32 would overflow.
 * `splitByAttempts` sorts prompts into those to rehearse and those to explore.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast, externalTokenCounts } from '../columns.js';
import { objective, type LossContext } from '../define.js';
import type { BatchTotals, RolloutBatch } from '../objective.js';
import { choice, number, withDefaults } from '../settings.js';
import type { Value } from '../tape/value.js';
import { aggregate } from '../terms/aggregate.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { klPenalty } from '../terms/kl.js';
import { tokenRatio } from '../terms/ratio.js';

export const rehearsalDivergences = ['forward', 'js-generator', 'alpha', 'js'] as const;

export type RehearsalDivergence = (typeof rehearsalDivergences)[number];

const LOG_RATIO_BOUND = 80;

/** [token] The divergence of a stored token, from log-probs under the trained and the initial policy. */
export function rehearsalDivergence(
  logProb: Value,
  initial: Value,
  divergence: RehearsalDivergence,
  alpha: number,
): Value {
  if (divergence === 'forward') return klPenalty(initial, logProb, 'k3');
  if (divergence === 'js') return klPenalty(initial, logMixture(logProb, initial), 'k3');
  const d = logProb.sub(initial).min(LOG_RATIO_BOUND);
  const u = d.exp();
  if (divergence === 'js-generator') return u.mul(d).sub(u.add(1).mul(u.add(1).div(2).log()));
  return d
    .mul(1 - alpha)
    .exp()
    .sub(u.mul(1 - alpha))
    .sub(alpha)
    .div(alpha * (alpha - 1));
}

/** [token] The other half of the Jensen-Shannon divergence, of a token that the trained policy sampled. */
export function exploringDivergence(logProb: Value, initial: Value): Value {
  return klPenalty(logProb, logMixture(logProb, initial), 'k3');
}

/** log((pi + pi_0) / 2) */
function logMixture(logProb: Value, initial: Value): Value {
  return initial.sub(initial.sub(logProb).logSigmoid()).sub(Math.LN2);
}

/** Which prompts are solved: at least `minCorrect` of the first `attempts` outcomes are true. The rest are explored. */
export function splitByAttempts(
  outcomes: readonly (readonly boolean[])[],
  { attempts = 8, minCorrect = 8 }: { readonly attempts?: number; readonly minCorrect?: number } = {},
): ('perfect' | 'explore')[] {
  return outcomes.map((list) => {
    const correct = list.slice(0, attempts).filter(Boolean).length;
    return correct >= minCorrect ? 'perfect' : 'explore';
  });
}

export const dphRl = objective({
  title: 'DPH-RL',
  source: 'arXiv 2509.07430',
  kinds: ['policy loss', 'divergence', 'filter'],
  summary:
    'Solved prompts are rehearsed by a mass-covering divergence on stored responses, the others trained by DAPO.',
  vectors: 'dph-rl',
  settings: {
    ...groupAdvantageSettings,
    ...withDefaults(clipSettings, { clipHigh: 0.28 }),
    divergence: choice('forward', rehearsalDivergences, 'pull of stored responses towards the initial policy'),
    divergenceCoef: number(0.01, 'weight of that pull; 0.05 to 0.2 for the two js forms', { min: 0 }),
    alpha: number(0.2, 'a of the alpha divergence, strictly inside 0 and 1', { min: 1e-6, max: 1 - 1e-6 }),
    jsShare: number(0.1, 'relative weight of the fresh half of js', { min: 0, max: 1 }),
  },
  variants: [
    { divergence: 'js-generator', divergenceCoef: 0.1 },
    { divergence: 'alpha', divergenceCoef: 0.02 },
    { divergence: 'js', divergenceCoef: 0.2 },
  ],
  needs: () => ['oldLogProb', 'refLogProb', 'external'],
  differentiates: () => ['logProb'],
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(freshRewards(batch), batch.group, settings)),
  loss: (context, settings) => {
    const { tape, totals, logProb } = context;
    const stored = Uint8Array.from(context.column('external').data, (flag) => (flag !== 0 ? 1 : 0));
    const initial = context.column('refLogProb');
    const { divergence, divergenceCoef, alpha, jsShare } = settings;
    const pull = rehearsalDivergence(logProb, initial, divergence, alpha);
    const external = meanOver(context, pull.where(stored, 0), totals.externalTokens);
    context.report('externalLoss', external.scalar);
    let fresh = clippedSurrogate(context, tokenRatio(context), settings);
    if (divergence === 'js') fresh = fresh.add(exploringDivergence(logProb, initial).mul(divergenceCoef * jsShare));
    const policy = meanOver(context, tape.fill(0).where(stored, fresh), totals.tokens - totals.externalTokens);
    context.report('policyLoss', policy.scalar);
    const share = storedShare(totals);
    return policy.mul(1 - share).add(external.mul(divergenceCoef * share));
  },
  exempt: {
    'zero-gradient': 'stored responses are rehearsed whatever the advantages are',
    'zero-signal': 'where all but one member of a group are stored responses, the lone fresh one keeps its reward',
  },
});

/** Rewards of rollouts without stored tokens; the others count as unscored. */
function freshRewards(batch: RolloutBatch): Float64Array {
  const stored = externalTokenCounts(batch);
  return batch.rewards.map((reward, i) => (stored[i]! > 0 ? NaN : reward));
}

function meanOver(context: LossContext, value: Value, tokens: number): Value {
  const totals = { ...context.totals, tokens };
  return aggregate(context.tape, value, totals, { aggregation: 'token-mean', lengthNorm: null });
}

function storedShare({ externalRollouts, nonEmptyRollouts }: BatchTotals): number {
  return nonEmptyRollouts > 0 ? externalRollouts / nonEmptyRollouts : 0;
}
