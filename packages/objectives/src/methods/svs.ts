/**
 * SvS, self-play with variational problem synthesis (arXiv 2508.14029; ray_trainer.py of its repository).
 *
 *     1. solve every problem G times; a problem with 0.125 <= accuracy <= 0.5 gives its right solutions as seeds
 *     2. from each seed write G_v variants of the problem, which must have the same answer
 *     3. solve every variant G times;  R_v = 1 iff 0.125 G <= right solutions <= 0.625 G, else 0
 *     loss over the samples of all rounds: sum of L_t / tokens,  L_t: PPO clip with e_lo 0.2, e_hi 0.28, c = 3
 *
 * A = (R - mean) / (std + 1e-6) within a problem, a seed or a variant. Groups of problems and of variants train iff some
 * solution is right and some wrong, those of a seed iff some variant has R_v = 1, even where all have. Counts are
 * compared, not accuracies. A variant without a problem statement gets R_v = 0; the official code then takes the
 * statement of the variant before.
 */
import { groupAdvantage, groupAdvantageSettings, type GroupAdvantageSettings } from '../advantages/group.js';
import { broadcast } from '../columns.js';
import { objective } from '../define.js';
import { withDefaults } from '../settings.js';
import { clippedSurrogate, clipSettings } from '../terms/clip.js';
import { commonGradients, commonNeeds, commonSettings, totalLoss } from '../terms/common.js';
import { tokenRatio } from '../terms/ratio.js';
import { ppoOnServer } from '../terms/server-loss.js';

export const svs = objective({
  title: 'SvS',
  source: 'arXiv 2508.14029',
  kinds: ['reward', 'filter', 'policy loss'],
  summary:
    'The policy rewrites problems it solves sometimes; a variant pays where it is neither trivial nor unsolvable.',
  vectors: 'svs',
  settings: { ...groupAdvantageSettings, ...withDefaults(clipSettings, { clipHigh: 0.28 }), ...commonSettings() },
  needs: (settings) => ['oldLogProb', ...commonNeeds(settings)],
  differentiates: commonGradients,
  advantages: (batch, settings) => broadcast(batch, groupAdvantage(batch.rewards, batch.group, settings)),
  loss: (context, settings) => totalLoss(context, clippedSurrogate(context, tokenRatio(context), settings), settings),
  serverLoss: ppoOnServer,
});

const FENCE = '```';
const HEADING = '**Reconstructed Question:**\n\n';

/** The problem statement in a response of round 2; null where there is none. */
export function extractProblem(response: string): string | null {
  const answer = response.split('</think>').at(-1)!;
  const behind = (start: string, end: string) => answer.split(start)[1]?.split(end)[0];
  // The label is looked for in the whole response, the text in what follows the thinking, as in the official code.
  let found: string | undefined;
  if (response.includes(`${FENCE}text`)) found = behind(`${FENCE}text`, FENCE);
  else if (response.includes(FENCE)) found = behind(FENCE, FENCE);
  else if (response.includes(HEADING)) found = behind(HEADING, '\n\n');
  const statement = (found ?? '')
    .replace(/^\n+|\n+$/g, '')
    .replace(/^ +| +$/g, '')
    .replace(/^\n+|\n+$/g, '');
  return statement.trim() === '' ? null : statement.replace(/^ +| +$/g, '');
}

/** Bounds of an accuracy, inclusive. */
export interface AccuracyWindow {
  readonly low: number;
  readonly high: number;
}

export interface ProblemSelection {
  readonly accuracy: number;
  /** Some solution is right and some wrong. */
  readonly trains: boolean;
  readonly isUnderperforming: boolean;
  /** Right solutions to write variants from. */
  readonly seeds: number[];
}

/** Round 1: what becomes of one problem whose solutions are right or wrong. */
export function selectProblem(
  correct: readonly boolean[],
  { low, high }: AccuracyWindow = { low: 0.125, high: 0.5 },
): ProblemSelection {
  const right = [...correct.keys()].filter((i) => correct[i] === true);
  const count = right.length;
  const isUnderperforming = count > 0 && inWindow(count, correct.length, low, high);
  return {
    accuracy: correct.length > 0 ? count / correct.length : 0,
    trains: count > 0 && count < correct.length,
    isUnderperforming,
    seeds: isUnderperforming ? right : [],
  };
}

export interface SeedOutcome {
  /** [variants] R_v */
  readonly rewards: Float64Array;
  /** Whether the variants of the seed train. */
  readonly keepsVariants: boolean;
  /** [variants] */
  readonly advantages: Float64Array;
  /** [variants] Whether the solutions of each train. */
  readonly keepsSolutions: boolean[];
  /** [variants] 1 where any solution is right: the reward that leaking the answer hacks. */
  readonly naiveRewards: number[];
}

/**
 * Rounds 2 and 3 of one seed. `solved`: verdicts on the `solutions` solutions of each variant, null where no problem could
 * be extracted.
 */
export function scoreVariants(
  solved: readonly (readonly boolean[] | null)[],
  solutions: number,
  { low, high }: AccuracyWindow = { low: 0.125, high: 0.625 },
  settings: GroupAdvantageSettings = { advantageScale: 'group', advantageEpsilon: 1e-6 },
): SeedOutcome {
  const counts = solved.map((verdicts) => (verdicts === null ? 0 : verdicts.filter(Boolean).length));
  const rewards = Float64Array.from(solved, (verdicts, i) =>
    verdicts !== null && inWindow(counts[i]!, solutions, low, high) ? 1 : 0,
  );
  return {
    rewards,
    keepsVariants: rewards.some((reward) => reward > 0),
    advantages: groupAdvantage(rewards, new Int32Array(rewards.length), settings),
    keepsSolutions: solved.map((verdicts, i) => verdicts !== null && counts[i]! > 0 && counts[i]! < verdicts.length),
    naiveRewards: counts.map((count) => (count > 0 ? 1 : 0)),
  };
}

function inWindow(count: number, total: number, low: number, high: number): boolean {
  return count >= total * low && count <= total * high;
}
