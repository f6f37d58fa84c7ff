/**
 * SCOPE, labels voted by confidence in subgroups (arXiv 2512.15146; myutils.py, grouputils.py, ray_trainer.py of its
 * repository), over TTRL, the majority label (arXiv 2504.16084).
 *
 *     C_t = -mean of the log-probs of the k likeliest tokens           more peaked, larger
 *     S_i = mean over the steps of a response of the mean of C_t over the step
 *     label of a block of g rollouts = answer with the largest sum of S over a random 32 of the question's 64 rollouts
 *     R_i = 1 iff the answer equals the label of its own block;  GRPO over all rollouts of the question
 *
 * g is chosen once a step from 1, 2, 4, ..: the point of the Pareto front of reward rate and number of different labels
 * that is nearest to the best of both (`selectGroupSize`). The released configuration brings back only the sampled token, so
 * its C is -log p of that token, an uncertainty: pass rows of one number to have it. Its vote drops missing answers but
 * not their confidences, which shifts weights by one; here they stay aligned (`misalignedVote` is the official one).
 */
import { part } from '../define.js';
import { weightedVote, type Vote } from '../shaping/majority-vote.js';

export const scope = part({
  title: 'SCOPE',
  source: 'arXiv 2512.15146',
  kinds: ['reward', 'schedule'],
  summary: 'Without labels: blocks of rollouts get labels voted by step-wise confidence; the block size is searched.',
  vectors: 'scope',
  needs: [],
});

/** Half-open span of tokens. */
export type Span = readonly [start: number, end: number];

/** Steps of a response: each ends behind a token that contains the delimiter; the rest is the last one. */
export function splitSteps(tokens: readonly string[], delimiter: string): Span[] {
  const steps: Span[] = [];
  let start = 0;
  tokens.forEach((token, i) => {
    if (!token.includes(delimiter)) return;
    steps.push([start, i + 1]);
    start = i + 1;
  });
  if (start < tokens.length) steps.push([start, tokens.length]);
  return steps;
}

/** [tokens] C_t from the log-probs of the likeliest tokens of each position, rounded to so many decimals. */
export function tokenConfidence(likeliest: readonly (readonly number[])[], digits = 3): number[] {
  return likeliest.map((row) => roundHalfEven(-mean(row), digits));
}

/** S: the mean over steps of their mean confidence, so that short steps count as much as long ones. 0 without steps. */
export function responseConfidence(steps: readonly Span[], confidence: readonly number[]): number {
  return mean(steps.map(([start, end]) => mean(confidence.slice(start, end))));
}

/** Votes with the weights of other answers where some are missing: the official code. */
export function misalignedVote(answers: readonly (string | null)[], confidence: readonly number[]): Vote {
  return weightedVote(
    answers.filter((answer) => answer !== null),
    confidence,
  );
}

/** Majority label of a question and its share of all responses, missing ones included. */
export function majorityLabel(answers: readonly (string | null)[]): {
  readonly label: string | null;
  readonly ratio: number;
} {
  const { label, scores } = weightedVote(answers);
  return { label, ratio: label === null ? 0 : scores.get(label)! / answers.length };
}

export interface SubgroupLabels {
  /** [blocks] */
  readonly blockLabels: (string | null)[];
  /** [rollouts] Label of the block. */
  readonly labels: (string | null)[];
  /** [rollouts] 0 or 1; a missing answer, or a block without label, earns nothing. */
  readonly rewards: number[];
  readonly rewardRate: number;
  /** Different labels of the question. */
  readonly diversity: number;
}

/**
 * Labels of the blocks of `groupSize` consecutive rollouts of one question. `voters`: for each block the rollouts of the
 * whole question that vote on it, drawn without replacement.
 */
export function subgroupLabels(
  answers: readonly (string | null)[],
  confidence: readonly number[],
  voters: readonly (readonly number[])[],
  groupSize: number,
): SubgroupLabels {
  const blockLabels = voters.map((members) => {
    const own = members.map((member) => answers[member]!);
    return weightedVote(
      own,
      members.map((member) => confidence[member]!),
    ).label;
  });
  const labels = answers.map((_, i) => blockLabels[Math.floor(i / groupSize)] ?? null);
  const rewards = answers.map((answer, i) => (answer !== null && answer === labels[i] ? 1 : 0));
  return { blockLabels, labels, rewards, rewardRate: mean(rewards), diversity: new Set(blockLabels).size };
}

/** What one block size would give over a step. */
export interface SizeCandidate {
  readonly groupSize: number;
  readonly rewardRate: number;
  /** Mean over questions of the number of different labels. */
  readonly diversity: number;
}

export interface SizeSelection {
  /** Sizes that no other beats in one figure without losing in the other, in the order given. */
  readonly front: number[];
  /** [front] Distance to the best of both figures, each scaled to [0, 1] over the front. */
  readonly distances: number[];
  /** The nearest; the first on ties. Undefined without candidates. */
  readonly selected: number | undefined;
}

const RANGE_EPSILON = 1e-8;

/** `lambda`: 1 looks at the reward rate alone, 0 at diversity alone. */
export function selectGroupSize(candidates: readonly SizeCandidate[], lambda = 0.7): SizeSelection {
  const front = candidates.filter((candidate) => !candidates.some((other) => dominates(other, candidate)));
  const rate = scaled(front.map(({ rewardRate }) => rewardRate));
  const spread = scaled(front.map(({ diversity }) => diversity));
  const distances = front.map((_, i) => Math.sqrt(lambda * (1 - rate[i]!) ** 2 + (1 - lambda) * (1 - spread[i]!) ** 2));
  const nearest = distances.indexOf(Math.min(...distances));
  return { front: front.map(({ groupSize }) => groupSize), distances, selected: front[nearest]?.groupSize };
}

function dominates(a: SizeCandidate, b: SizeCandidate): boolean {
  const isAtLeast = a.rewardRate >= b.rewardRate && a.diversity >= b.diversity;
  return isAtLeast && (a.rewardRate > b.rewardRate || a.diversity > b.diversity);
}

function scaled(values: readonly number[]): number[] {
  const low = Math.min(...values);
  const width = Math.max(...values) - low + RANGE_EPSILON;
  return values.map((value) => (value - low) / width);
}

function mean(values: readonly number[]): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}

/** Python's round on decimals: the nearest, the even one where the double lies halfway. */
function roundHalfEven(value: number, digits: number): number {
  const scale = 10 ** digits;
  const floor = Math.floor(value * scale);
  const rest = value * scale - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return (up ? floor + 1 : floor) / scale;
}
