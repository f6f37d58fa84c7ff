/** @file Answer texts made comparable. */
import { removePunctuation, splitWhitespace } from './characters.js';

/**
 * Lower case, NFKC, without ASCII punctuation and English articles, single spaces: the comparison form of the SQuAD
 * evaluation (Rajpurkar et al. 2016).
 */
export function normalizeAnswer(text: string): string {
  const words = splitWhitespace(removePunctuation(text.normalize('NFKC').toLowerCase()));
  const rest = words.filter((word) => word !== 'a' && word !== 'an' && word !== 'the');
  // An answer that is nothing but an article (the option `a`) is kept.
  return (rest.length === 0 ? words : rest).join(' ');
}

/** Lower-case runs of letters and digits; everything else separates. */
export function alphanumericTokens(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
