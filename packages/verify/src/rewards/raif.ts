/**
 * @file RAIF (arXiv 2506.01413): rewards for composed instructions, from rules and from a judge's log-probabilities.
 *
 *   R = R_format + R_accuracy;  R_format = +-1 by the order of the four tags
 *   R_accuracy = +2 all constraints hold, -2 none holds or the layout is unusable, else the share that holds (not scaled)
 *
 * A constraint of a branch that is not taken does not count. Code choice kept: an empty thought makes the answer
 * unusable; `emptyThoughtAllowed` waives it for samples drawn without reasoning, as the paper means them.
 */
import { tagSpans } from '../format/tags.js';
import { passesGate } from '../format/verify-format.js';
import { ngrams } from '../text/overlap.js';

export interface RaifReward {
  readonly format: number;
  readonly accuracy: number;
  readonly total: number;
  readonly answer: string | null;
  readonly think: string | null;
}

const placeholder = 'reasoning process here';

function lastContent(text: string, tag: string): string | null {
  const span = tagSpans(text, tag).at(-1);
  return span === undefined ? null : text.slice(span.start, span.end).trim();
}

/** Share of constraints that hold as the reward has it: all, none, or a fraction in between. */
function accuracyReward(followed: readonly boolean[], full: number): number {
  const satisfied = followed.filter(Boolean).length;
  if (satisfied === 0) return -full;
  return satisfied === followed.length ? full : satisfied / followed.length;
}

/** The rule reward of one response; `followed` says for each active constraint whether the answer body meets it. */
export function raifRuleReward(
  text: string,
  followed: readonly boolean[],
  options: {
    readonly formatReward?: number;
    readonly answerReward?: number;
    readonly emptyThoughtAllowed?: boolean;
  } = {},
): RaifReward {
  const { formatReward = 1, answerReward = 2, emptyThoughtAllowed = false } = options;
  const think = lastContent(text, 'think');
  const answer = lastContent(text, 'answer');
  const isFormatted = passesGate(text, 'tags-in-order');
  const hasThought = emptyThoughtAllowed || (think !== null && think !== '' && think.toLowerCase() !== placeholder);
  const isUsable = isFormatted && hasThought && answer !== null && answer !== '';
  const format = isFormatted ? formatReward : -formatReward;
  const accuracy = isUsable ? accuracyReward(followed, answerReward) : -answerReward;
  return { format, accuracy, total: format + accuracy, answer, think };
}

/**
 * The judge's vote on one response: for each question the log-probabilities of a yes and a no continuation, compared
 * over the last tokens that both have; a tie is a no.
 */
export function raifJudge(
  questions: readonly (readonly [yes: readonly number[], no: readonly number[]])[],
  answerReward = 2,
): { readonly accuracyReward: number; readonly fraction: number; readonly satisfied: number } {
  const tail = (values: readonly number[], count: number): number =>
    values.slice(values.length - count).reduce((sum, value) => sum + value, 0);
  const votes = questions.map(([yes, no]) => {
    const count = Math.min(yes.length, no.length);
    return tail(yes, count) > tail(no, count);
  });
  const satisfied = votes.filter(Boolean).length;
  return { accuracyReward: accuracyReward(votes, answerReward), fraction: satisfied / votes.length, satisfied };
}

/**
 * Which samples of one prompt are learned from. Samples without reasoning never are. Samples with it are, unless the best
 * of them is worse than the worst without (and they are not all equal), or their own floor is not reached.
 */
export function superiorSamples(
  withThought: readonly number[],
  withoutThought: readonly number[],
  reachesFloor: readonly boolean[],
): { readonly withThought: boolean[]; readonly withoutThought: boolean[] } {
  const best = Math.max(...withThought);
  const allEqual = withThought.every((reward) => reward === withThought[0]);
  const isInferior = withoutThought.length > 0 && best < Math.min(...withoutThought) && !allEqual;
  return {
    withThought: withThought.map((_, index) => !isInferior && reachesFloor[index] === true),
    withoutThought: withoutThought.map(() => false),
  };
}

/**
 * `most` * (1 - different / (all + eps)) over token n-grams (off by default in the method). A sequence shorter than an
 * n-gram gets the full penalty, as in the code.
 */
export function ngramRepetitionPenalty(tokens: readonly number[], order: number, most = -0.1, eps = 1e-5): number {
  const runs = ngrams(tokens, order);
  return most * (1 - new Set(runs).size / (runs.length + eps));
}
