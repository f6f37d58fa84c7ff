/**
 * @file RLPT (arXiv 2509.19249): predict the next segment of a text, rewarded when it says what really follows.
 * The judge that decides is a model; here are the examples it is asked about, the rule that replaces it on synthetic
 * corpora (token prefix after normalisation, ours), and the reading of its output.
 */
import { alphanumericTokens } from '../text/normalize.js';
import { splitWhitespace } from '../text/characters.js';

export interface SegmentExample {
  /** Index of the target among the segments, from 0. */
  readonly index: number;
  readonly context: readonly string[];
  readonly target: string;
  /** The segment after the target, shown in the middle-segment task only. */
  readonly next: string;
  /** The target and what follows it, as the judge sees it. */
  readonly reference: readonly string[];
}

/** One example for every inner segment of at least `minWords` words; none for fewer than three segments. */
export function segmentExamples(segments: readonly string[], minWords = 3, referenceSegments = 3): SegmentExample[] {
  const examples: SegmentExample[] = [];
  for (let index = 1; index + 1 < segments.length; index++) {
    const target = segments[index]!;
    if (splitWhitespace(target).length < minWords) continue;
    examples.push({
      index,
      context: segments.slice(0, index),
      target,
      next: segments[index + 1]!,
      reference: segments.slice(index, index + referenceSegments),
    });
  }
  return examples;
}

const startTag = '<|startofprediction|>';
const endTag = '<|endofprediction|>';

/** The text between the last start tag and the first end tag after it; null when missing or blank. */
export function extractPrediction(output: string): string | null {
  const start = output.lastIndexOf(startTag);
  const end = start < 0 ? -1 : output.indexOf(endTag, start);
  const prediction = end < 0 ? '' : output.slice(start + startTag.length, end).trim();
  return prediction === '' ? null : prediction;
}

export interface SegmentReward {
  readonly prediction: string | null;
  /** 1 when the prediction's tokens are a non-empty prefix of the reference's. */
  readonly prefix: 0 | 1;
  /** 1 when they equal the first segment's. */
  readonly strict: 0 | 1;
}

/** The rule-based reward of one output. */
export function segmentReward(output: string, referenceSegments: readonly string[]): SegmentReward {
  const prediction = extractPrediction(output);
  const own = alphanumericTokens(prediction ?? '');
  const following = alphanumericTokens(referenceSegments.join(' '));
  const first = alphanumericTokens(referenceSegments[0] ?? '');
  const isPrefix =
    own.length > 0 && own.length <= following.length && own.every((token, index) => token === following[index]);
  return { prediction, prefix: isPrefix ? 1 : 0, strict: isPrefix && own.length === first.length ? 1 : 0 };
}

/** The judge's reward: its last line must be exactly `Score: 0` or `Score: 1`, perhaps after a dash. */
export function parseJudgeScore(text: string): 0 | 1 {
  const last = text.trim().split('\n').at(-1) ?? '';
  return /^(?:-\s*)?Score: 1$/.test(last.trim()) ? 1 : 0;
}
