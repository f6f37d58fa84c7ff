/**
 * @file PretrainZero (arXiv 2512.03442): one policy chooses spans to mask, and predicts them.
 *
 *   r_pred = [prediction == span],   r_gen = 1 - acc, but 0 when acc = 0 (noise must not pay)
 *
 * Invalid masks earn the generator 0 (ours). Groups without spread give no signal and are marked as dropped.
 */
import { countOccurrences } from '../text/characters.js';
import { lastCommand } from '../format/tags.js';
import { mean, standardize } from './statistics.js';

export interface MaskCheck {
  /** Non-overlapping occurrences of the span. */
  readonly count: number;
  readonly valid: boolean;
  /** The paragraph with every occurrence replaced; null for a blank span. */
  readonly masked: string | null;
}

/** A span is valid when it is not blank, not the whole paragraph, and occurs at least once and fewer than `most` times. */
export function validateMask(paragraph: string, span: string, most = 8): MaskCheck {
  if (span.trim() === '') return { count: 0, valid: false, masked: null };
  const count = countOccurrences(paragraph, span);
  return {
    count,
    valid: count > 0 && count < most && span !== paragraph,
    masked: paragraph.replaceAll(span, '[mask]'),
  };
}

/** The content of the last `\mask{...}` or `\boxed{...}`, trimmed; null when it is unclosed or absent. */
export function extractCommand(text: string, command: string): string | null {
  return lastCommand(text, command);
}

/** Exact match after trimming and with inner whitespace collapsed. */
export function predictionReward(prediction: string | null, span: string): 0 | 1 {
  const flat = (source: string): string => source.trim().replace(/\s+/g, ' ');
  return prediction !== null && flat(prediction) === flat(span) ? 1 : 0;
}

export interface PretrainZeroStep {
  readonly accuracy: readonly (number | null)[];
  readonly generatorRewards: readonly number[];
  readonly predictionKept: readonly boolean[];
  /** Null for dropped groups. */
  readonly predictionAdvantages: readonly (readonly number[] | null)[];
  readonly generatorKept: boolean;
  readonly generatorAdvantages: readonly number[];
}

/** Rewards and advantages of one paragraph; `predictions[j]` holds the 0/1 rewards of mask j, null when it was invalid. */
export function pretrainZeroStep(predictions: readonly (readonly number[] | null)[], eps = 1e-6): PretrainZeroStep {
  const accuracy = predictions.map((rewards) => (rewards === null ? null : mean(rewards)));
  const generatorRewards = accuracy.map((value) => (value === null || value === 0 ? 0 : 1 - value));
  const predictionKept = accuracy.map((value) => value !== null && value > 0 && value < 1);
  return {
    accuracy,
    generatorRewards,
    predictionKept,
    predictionAdvantages: predictions.map((rewards, index) =>
      rewards !== null && predictionKept[index] ? standardize(rewards, eps) : null,
    ),
    generatorKept: new Set(generatorRewards).size > 1,
    generatorAdvantages: standardize(generatorRewards, eps),
  };
}
