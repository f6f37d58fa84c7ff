/**
 * RGR-GRPO, reward and guidance through rubrics (arXiv 2511.12344; no official code, the loss is that of
 * critique_core_algos.py in zhangxy-2019/critique-GRPO).
 *
 *     R_i by rubric, shaping/rubric.ts;  A_i = (R_i - mean_g) / (std_g + 1e-6)      the refined response included
 *     own response:      L_t = -A r,  r = pi / pi_old                     not clipped, exactly one update a step
 *     refined response:  L_t = -A p / (p + gamma),  p = pi                 gradient through p above and below
 *     loss = sum of L_t / T                                                T: a constant, not divided by rollouts
 *
 * Where no own response satisfies every criterion (`assessExploration`), the last member of the group is sampled with the
 * best one and its failed criteria in the prompt, and is then learned from under the original prompt: the column
 * `external` marks its tokens, and `logProb` must be under that prompt. The gradient of its weight is
 * p gamma / (p + gamma)^2, largest at p = gamma. The paper typesets pi / (pi_old + gamma) elsewhere; the value is the same
 * on the first update. The baseline's script does not divide by the standard deviation, the paper does.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective, type LossContext } from '../define.js';
import { number } from '../settings.js';
import type { Value } from '../tape/value.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import {
  externalFlags,
  meanWhere,
  mixedSurrogate,
  onPolicyClipSettings,
  type OnPolicyClip,
} from '../terms/mixed-policy.js';

export const rgrGrpo = objective({
  title: 'RGR-GRPO',
  source: 'arXiv 2511.12344',
  kinds: ['reward', 'policy loss', 'off-policy correction'],
  summary:
    'Rubric rewards; the best attempt, refined by its failed criteria, is learned from with the weight p / (p + gamma).',
  vectors: 'rgr-grpo',
  settings: {
    ...groupAdvantageSettings,
    gamma: number(0.1, 'where the weight of refined tokens bends: p / (p + gamma)', { min: 1e-9 }),
    ...onPolicyClipSettings,
    ...commonSettings({ aggregation: 'seq-mean-token-sum-norm' }),
  },
  variants: [
    { clipOnPolicy: true, aggregation: 'token-mean' },
    { gamma: 0.5, advantageScale: 'none' },
  ],
  needs: (settings) => ['oldLogProb', 'external', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, refinedPolicyLoss(context, settings), settings),
});

/** [token] The loss of every token. Reports `externalLoss` and `externalRatioMean`, the mean of p / (p + gamma). */
export function refinedPolicyLoss(context: LossContext, settings: OnPolicyClip & { readonly gamma: number }): Value {
  const external = externalFlags(context);
  const p = context.logProb.exp();
  const weight = p.div(p.add(settings.gamma));
  context.report('externalRatioMean', meanWhere(weight.data, external));
  return mixedSurrogate(context, external, weight, settings);
}
