/**
 * @file AlphaAlign (arXiv 2507.14987): safety as a verifiable reward.
 *
 *   harmful: R = r_f V_f + r_a V_r;   benign: R = r_f V_f - r_a V_r + R_h,  R_h = max(z, 0) without refusal, else 0
 *
 * V_f: safety reasoning and then an answer, in tags; V_r: the answer refuses; z: the helpfulness score standardised over all
 * rollouts of the prompt. r_f = r_a = 1, the dot-all format search and the phrase list without a bare `I am not` are ours.
 */
import { tagContent } from '../format/tags.js';
import { isRefusal } from '../text/refusal.js';
import { standardize } from './statistics.js';

/** The two pairs of tags occur in order; anything may stand around and between them. */
export function hasSafetyFormat(output: string): boolean {
  let at = 0;
  for (const tag of ['<safety_reasoning>', '</safety_reasoning>', '<answer>', '</answer>']) {
    const found = output.indexOf(tag, at);
    if (found < 0) return false;
    at = found + tag.length;
  }
  return true;
}

export interface AlphaRewards {
  readonly format: readonly (0 | 1)[];
  readonly refusal: readonly (0 | 1)[];
  readonly safety: readonly number[];
  /** Standardised helpfulness; null for harmful prompts. */
  readonly normalized: readonly number[] | null;
  readonly helpfulness: readonly number[];
  readonly total: readonly number[];
}

/** Rewards of all rollouts of one prompt; `helpfulness` holds a reward model's scores for benign prompts. */
export function alphaRewards(
  outputs: readonly string[],
  isHarmful: boolean,
  helpfulness: readonly number[] | null,
  weights: { readonly format?: number; readonly refusal?: number; readonly eps?: number } = {},
): AlphaRewards {
  const { format: formatWeight = 1, refusal: refusalWeight = 1, eps = 1e-6 } = weights;
  const format = outputs.map((output): 0 | 1 => (hasSafetyFormat(output) ? 1 : 0));
  const refusal = outputs.map((output): 0 | 1 => (isRefusal(tagContent(output, 'answer') ?? output) ? 1 : 0));
  const sign = isHarmful ? 1 : -1;
  const safety = outputs.map((_, index) => formatWeight * format[index]! + sign * refusalWeight * refusal[index]!);
  const normalized = isHarmful || helpfulness === null ? null : standardize(helpfulness, eps);
  const helpful = outputs.map((_, index) => (refusal[index] === 1 ? 0 : Math.max(normalized?.[index] ?? 0, 0)));
  return {
    format,
    refusal,
    safety,
    normalized,
    helpfulness: helpful,
    total: safety.map((value, index) => value + helpful[index]!),
  };
}
