/**
 * SDPO, the policy under richer context as its own teacher (arXiv 2601.20802; compute_self_distillation_loss and
 * _maybe_build_self_distillation_batch of lasgroup/SDPO).
 *
 *     p = pi(. | x, y_<t), q = the same weights, averaged over steps, that have also seen feedback or another solution
 *     d_t = KL(q || p), KL(p || q) or a mixture of both            `topKDivergence`, over the student's top-k tokens
 *     loss = sum of min(sg(pi / pi_old), 2) d_t / tokens           over rollouts with a target, others are dropped
 *
 * `mode: token` is the score-function form of KL(p || q) at the chosen token, which needs no distribution. The reward
 * decides only who gets which target (`distillationTargets`): there are no advantages, no KL to a reference, no entropy
 * bonus. The teacher's log-probs are of the response that the student wrote: `RolloutBatch.topK.teacherLogProb`, at the
 * student's ids, or the column `teacherLogProb`; they have no gradient. alpha 0.5, or 1 with rich feedback; the ratio
 * bound may be 1 for one update a step. `towards` moves the teacher's weights, 0.05 a step.
 */
import { rolloutColumn } from '../columns.js';
import { objective, type LossContext } from '../define.js';
import { choice, number, optionalNumber } from '../settings.js';
import { aggregate, aggregationSettings } from '../terms/aggregate.js';
import { commonSettings } from '../terms/common.js';
import { samplerWeights } from '../terms/sampler-correction.js';
import { boundedRatio, chosenTokenDivergence, tails, topKDivergence } from '../terms/self-distillation.js';

const { samplerCorrection, samplerThreshold, samplerNormalize } = commonSettings();

export const sdpo = objective({
  title: 'SDPO',
  source: 'arXiv 2601.20802',
  kinds: ['policy loss', 'credit assignment'],
  summary: 'The policy is distilled towards itself with feedback or a solution in its context, on its own responses.',
  vectors: 'sdpo',
  settings: {
    mode: choice('logits', ['logits', 'token'], 'divergence over the top-k tokens, or at the chosen token only'),
    alpha: number(0.5, '0: KL(teacher || student), 1: KL(student || teacher), between: mixture', { min: 0, max: 1 }),
    topK: number(100, 'likeliest tokens of the student a position', { min: 1 }),
    tail: choice('bucket', tails, 'what stands for all other tokens'),
    ratioBound: optionalNumber(2, 'largest importance weight pi / pi_old; null: no weight', { min: 0 }),
    ...{ samplerCorrection, samplerThreshold, samplerNormalize },
    ...aggregationSettings,
  },
  variants: [
    { alpha: 0, tail: 'renormalise' },
    { alpha: 1, tail: 'none', ratioBound: null },
    { mode: 'token' },
    { mode: 'token', ratioBound: null, samplerCorrection: 'token-truncate' },
  ],
  needs: ({ mode, ratioBound, samplerCorrection: correction }) => [
    ...(mode === 'token' ? (['teacherLogProb'] as const) : []),
    ...(ratioBound !== null ? (['oldLogProb'] as const) : []),
    ...(correction !== 'none' ? (['oldLogProb', 'samplerLogProb'] as const) : []),
  ],
  needsOfRollout: ['teacherTarget'],
  topK: ({ mode, topK }) => (mode === 'logits' ? topK : 0),
  differentiates: ({ mode }) => (mode === 'logits' ? ['topK'] : ['logProb']),
  keep: (batch) => Uint8Array.from(rolloutColumn(batch, 'teacherTarget'), (flag) => (flag > 0 ? 1 : 0)),
  advantages: (batch) => new Float64Array(batch.mask.length),
  loss: (context, settings) => {
    const { tape, totals } = context;
    const distance =
      settings.mode === 'token'
        ? chosenTokenDivergence(context)
        : topKDivergence(tape, teacherTopK(context), settings.alpha, settings.tail);
    const logProb = settings.mode === 'token' ? context.logProb.detach() : context.column('logProb');
    const { ratioBound } = settings;
    const bounded = ratioBound === null ? distance : distance.mul(boundedRatio(context, logProb, ratioBound));
    const weighed = settings.samplerCorrection === 'none' ? bounded : bounded.mul(samplerWeights(context, settings));
    const loss = aggregate(tape, weighed, totals, settings);
    context.report('policyLoss', loss.scalar);
    return loss;
  },
  exempt: { 'zero-gradient': 'the teacher pulls, there are no advantages' },
});

function teacherTopK({ tape }: LossContext): Float64Array {
  const teacher = tape.source.topK?.teacherLogProb;
  if (teacher === undefined) {
    throw new Error('sdpo: topK.teacherLogProb is missing from the batch; take it from the teacher at the same ids');
  }
  return teacher;
}

export interface TargetOptions {
  /** Smallest score of a response that others may see as solution. */
  readonly successThreshold: number;
  /** Whether a response's own success is no solution for it. */
  readonly excludeSelf: boolean;
  /** Whether feedback is shown. */
  readonly includeFeedback: boolean;
  /** Whether it is shown only where there is no solution. */
  readonly feedbackOnlyWithoutSolution: boolean;
}

/** What the teacher of one response sees; with neither there is no target and the response does not train. */
export interface DistillationTarget {
  /** Number of the response that is shown as solution. */
  readonly solution: number | null;
  readonly feedback: boolean;
}

/** Targets of each response: the first success of its group in the order of the batch, and its own feedback. */
export function distillationTargets(
  scores: ArrayLike<number>,
  group: ArrayLike<number>,
  feedback: readonly string[],
  { successThreshold, excludeSelf, includeFeedback, feedbackOnlyWithoutSolution }: TargetOptions,
): DistillationTarget[] {
  const successes = new Map<number, number[]>();
  for (let i = 0; i < scores.length; i++) {
    const known = successes.get(group[i]!) ?? [];
    if (scores[i]! >= successThreshold && known.length < 2) successes.set(group[i]!, [...known, i]);
  }
  return feedback.map((text, i) => {
    const solution = (successes.get(group[i]!) ?? []).find((other) => !excludeSelf || other !== i) ?? null;
    const wanted = includeFeedback && (solution === null || !feedbackOnlyWithoutSolution);
    return { solution, feedback: wanted && text.trim() !== '' };
  });
}

/**
 * (1 - rate) from + rate to: the teacher's weights behind a step (exponential moving average), or trust-region teacher
 * logits between those of the reference and of the current policy.
 */
export function towards(from: Float64Array, to: Float64Array, rate: number): Float64Array {
  return from.map((value, i) => (1 - rate) * value + rate * to[i]!);
}
