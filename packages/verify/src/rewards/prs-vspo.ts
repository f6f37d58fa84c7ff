/**
 * @file PRS-VSPO (arXiv 2512.07478): a gated reward for tool-using question answering.
 *
 *   R = 0 unless calls parse;  w1 unless the final format is right;  else w1 + w2 + w3 S,   w = (0.1, 0.1, 0.8)
 *
 * S for short answers is length-aware BLEU (plain BLEU-4 is 0 for any answer under four words). Weights and the BLEU's
 * details are ours; the source gives the structure.
 */
import { removePunctuation, splitWhitespace } from '../text/characters.js';
import { bleu } from '../text/overlap.js';

/** Length-aware BLEU over lower-case words without punctuation; the best over several accepted answers. */
export function shortAnswerScore(candidate: string, references: readonly string[], maxOrder = 4): number {
  const words = (text: string): string[] => splitWhitespace(removePunctuation(text.toLowerCase()));
  return Math.max(0, ...references.map((each) => bleu(words(candidate), words(each), { maxOrder, lengthAware: true })));
}

/** The staged reward; a stage counts only when the earlier ones passed. */
export function progressiveReward(
  callsParse: boolean,
  isFormatted: boolean,
  score: number,
  weights: readonly [number, number, number] = [0.1, 0.1, 0.8],
): number {
  if (!callsParse) return 0;
  return isFormatted ? weights[0] + weights[1] + weights[2] * score : weights[0];
}
