import { Axis } from '../tape/axis.js';
import type { Tape } from '../tape/tape.js';
import type { Value } from '../tape/value.js';
import type { LossContext } from '../define.js';
import { LOG_RATIO_BOUND } from './ratio.js';

/** Punctuation that ends a subsentence, with the full-width forms. */
export const SUBSENTENCE_DELIMITERS = [...'\n,.;:?!，。；：？！'] as const;

/**
 * [tokens] Number of the subsentence of each token of one response, from its decoded tokens: a span ends behind a token
 * whose last character other than white space is a delimiter, or that holds a line break where that is one. Spans of
 * fewer than `minLength` tokens go to the next span, such a tail to the one before.
 */
export function segmentSubsentences(
  tokens: readonly string[],
  {
    delimiters = SUBSENTENCE_DELIMITERS,
    minLength = 1,
  }: {
    readonly delimiters?: readonly string[];
    readonly minLength?: number;
  } = {},
): Int32Array {
  const ends = new Set(delimiters);
  const closes = (text: string) => {
    if (ends.has('\n') && text.includes('\n')) return true;
    const last = Array.from(text.trimEnd()).at(-1);
    return last !== undefined && ends.has(last);
  };
  const numbers = new Int32Array(tokens.length);
  let [number, start] = [0, 0];
  tokens.forEach((text, i) => {
    numbers[i] = number;
    if (!closes(text) || i + 1 - start < minLength) return;
    number += 1;
    start = i + 1;
  });
  if (number > 0 && tokens.length - start < minLength) numbers.fill(number - 1, start);
  return numbers;
}

/** The axis of spans: runs of tokens of one rollout with equal numbers in the column `segment`. */
export function spanAxis(tape: Tape): Axis {
  const segment = tape.column('segment').data;
  const rolloutOf = tape.token.within(tape.rollout)!;
  const spanOf = new Int32Array(segment.length);
  const rolloutOfSpan: number[] = [];
  for (let i = 0; i < segment.length; i++) {
    const same = i > 0 && rolloutOf[i] === rolloutOf[i - 1] && segment[i] === segment[i - 1];
    if (!same) rolloutOfSpan.push(rolloutOf[i]!);
    spanOf[i] = rolloutOfSpan.length - 1;
  }
  const span = new Axis('span', rolloutOfSpan.length).partOf(tape.rollout, Int32Array.from(rolloutOfSpan));
  tape.token.partOf(span, spanOf);
  return span;
}

/**
 * [token] The geometric mean of the token ratios of its span, with the gradient of the token alone:
 * exp(log pi - sg(log pi) + sg(mean over the span of log pi - log pi_old)). Reports `ratioMean` and `approxKl`.
 */
export function spanRatioByToken(context: LossContext, span: Axis): Value {
  const { logProb } = context;
  const log = logProb.sub(context.column('oldLogProb'));
  context.reportMean('approxKl', log, -1);
  const mean = log.mean(span).clip(-LOG_RATIO_BOUND, LOG_RATIO_BOUND).detach();
  const ratio = logProb.sub(logProb.detach()).add(mean).exp();
  context.reportMean('ratioMean', ratio);
  return ratio;
}
