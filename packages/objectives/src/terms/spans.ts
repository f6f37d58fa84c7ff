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

/** [tokens] Number of the line of each token of one response: a line ends behind a token that holds a line break. */
export function segmentLines(tokens: readonly string[]): Int32Array {
  let line = 0;
  return Int32Array.from(tokens, (text) => (text.includes('\n') ? line++ : line));
}

/** [tokens] Number of the paragraph of each token: a paragraph ends behind the token that completes a blank line. */
export function segmentParagraphs(tokens: readonly string[]): Int32Array {
  let paragraph = 0;
  let isLineEnd = false;
  return Int32Array.from(tokens, (text) => {
    const isBlank = text.includes('\n\n') || (isLineEnd && text.startsWith('\n'));
    isLineEnd = text.endsWith('\n');
    return isBlank ? paragraph++ : paragraph;
  });
}

/** Spans of this many tokens, for texts without punctuation (arXiv 2511.04256, inferred). */
const BLOCK_LENGTH = 8;

/** How responses are cut into spans where their strategy has not done so, from the text of each token. */
export const segmenters = {
  subsentences: (tokens, minLength) => segmentSubsentences(tokens, { minLength }),
  lines: (tokens) => segmentLines(tokens),
  paragraphs: (tokens) => segmentParagraphs(tokens),
  blocks: (tokens) => Int32Array.from(tokens, (_, i) => Math.floor(i / BLOCK_LENGTH)),
} as const satisfies Readonly<Record<string, (tokens: readonly string[], minLength: number) => Int32Array>>;

export type SegmenterName = keyof typeof segmenters;

export const segmenterNames = Object.keys(segmenters) as SegmenterName[];

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
