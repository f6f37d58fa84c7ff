/**
 * SPARK, the policy as its own judge (arXiv 2509.22624; models/loss.py and new_data_gen.py of its repository).
 *
 *     A_i  = (R_i - mean_g) / (std_g + 1e-9)
 *     loss = sum of max(-A r, -A clip(r, 1 - e, 1 + e)) / tokens + 0.001 mean over tokens of k3
 *
 * The loss is the same for problems and for the items made from their rollouts: is this answer right, which of these two
 * is, solve this anew. `planAuxiliaryItems` says which rollouts may be shown, `pointwiseLabel` and `pairwiseLabel` the answer of an
 * item. Groups without signal stay and feel the KL term alone. An answer that is missing is never shown; the official
 * code puts a random wrong one in its place, or gives up the batch. Its k3 is not bounded (`klKind: k3-unbounded`); the default
 * is, so that one far token cannot give an infinite loss.
 */
import { groupAdvantage, groupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { withDefaults } from '../settings.js';
import { clippedLoss, clipRangeSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const spark = objective({
  title: 'SPARK',
  source: 'arXiv 2509.22624',
  kinds: ['policy loss', 'reward'],
  summary: 'GRPO on problems and on judging and repairing items that their own verified rollouts give.',
  vectors: 'spark',
  settings: {
    ...withDefaults(groupAdvantageSettings, { advantageEpsilon: 1e-9 }),
    ...clipRangeSettings,
    ...commonSettings({ klCoef: 0.001 }),
  },
  variants: [{ klCoef: 0 }],
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedLoss(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});

/** Verified rollouts of one problem. */
export interface VerifiedGroup {
  /** Above 0: right. */
  readonly rewards: readonly number[];
  /** Whether the response has no final answer. */
  readonly isMissing: readonly boolean[];
}

/** A judging item, with the members of the group that may be drawn for it; it is dropped where a list is empty. */
export type JudgingPlan =
  | { readonly kind: 'pointwise'; readonly verdict: 'correct' | 'incorrect'; readonly eligible: number[] }
  /** Pointwise: the verdict is drawn first, then a member that has it. Pairwise: one of each. */
  | { readonly kind: 'mixed-pointwise' | 'pairwise'; readonly correct: number[]; readonly incorrect: number[] };

/** A repairing item: one wrong response is quoted, with its whole reasoning or its answer only. */
export interface ReflectionPlan {
  readonly mode: 'trace' | 'answer';
  readonly eligible: number[];
}

export interface AuxiliaryPlan {
  readonly judging: JudgingPlan;
  readonly reflection: ReflectionPlan | null;
}

/**
 * [groups] Items of a batch. A group of one kind gives a pointwise item: on its first response where all are right, on any
 * answered one where all are wrong. A mixed group gives a pointwise item where its draw in [0, 1) is below
 * `pointwiseShare`, else a pairwise one. The first half of the groups quotes traces, the second half answers.
 */
export function planAuxiliaryItems(
  groups: readonly VerifiedGroup[],
  draws: readonly number[],
  pointwiseShare = 0.3,
): AuxiliaryPlan[] {
  return groups.map((group, i) => ({
    judging: judgingPlan(group, draws[i]! < pointwiseShare),
    reflection: reflectionPlan(group, i < groups.length / 2 ? 'trace' : 'answer'),
  }));
}

function judgingPlan({ rewards, isMissing }: VerifiedGroup, pointwise: boolean): JudgingPlan {
  const members = [...rewards.keys()];
  const answered = members.filter((i) => isMissing[i] !== true);
  const right = (i: number) => rewards[i]! > 0;
  if (members.every(right)) {
    return { kind: 'pointwise', verdict: 'correct', eligible: answered.filter((i) => i === 0) };
  }
  if (!members.some(right)) return { kind: 'pointwise', verdict: 'incorrect', eligible: answered };
  const correct = answered.filter(right);
  const incorrect = answered.filter((i) => !right(i));
  return { kind: pointwise ? 'mixed-pointwise' : 'pairwise', correct, incorrect };
}

function reflectionPlan({ rewards, isMissing }: VerifiedGroup, mode: 'trace' | 'answer'): ReflectionPlan | null {
  const wrong = [...rewards.keys()].filter((i) => !(rewards[i]! > 0));
  const eligible = mode === 'trace' ? wrong : wrong.filter((i) => isMissing[i] !== true);
  return eligible.length > 0 ? { mode, eligible } : null;
}

/** Answer of a pointwise item: Yes or A for a right response, No or B for a wrong one. */
export function pointwiseLabel(isCorrect: boolean, style: 'yesno' | 'ab'): 'Yes' | 'No' | 'A' | 'B' {
  if (style === 'yesno') return isCorrect ? 'Yes' : 'No';
  return isCorrect ? 'A' : 'B';
}

/** Answer of a pairwise item. */
export function pairwiseLabel(correctFirst: boolean): 'A' | 'B' {
  return correctFirst ? 'A' : 'B';
}
