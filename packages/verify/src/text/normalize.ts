/** @file Answer texts made comparable. */
import { removePunctuation, splitWhitespace } from './characters.js';

/**
 * Lower case, NFKC, without ASCII punctuation and English articles, single spaces: the comparison form of the SQuAD
 * evaluation (Rajpurkar et al. 2016).
 */
export function normalizeAnswer(text: string): string {
  const words = splitWhitespace(removePunctuation(text.normalize('NFKC').toLowerCase()));
  return words.filter((word) => word !== 'a' && word !== 'an' && word !== 'the').join(' ');
}

/** Lower-case runs of letters and digits; everything else separates. */
export function alphanumericTokens(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
