/** @file Keywords in the order in which a text mentions them. */
import { lcsLength } from './overlap.js';

const wordCharacter = /[\p{L}\p{N}_]/u;

function isWord(character: string | undefined): boolean {
  return character !== undefined && wordCharacter.test(character);
}

/**
 * The keywords found in the text, in lower case, from left to right and without overlap, each time they occur. Matches
 * ignore case and stand between characters that are not letters, digits or underscores. Where several keywords start at
 * one place, the earlier in the list wins. Blank keywords match nothing.
 */
export function matchKeywords(keywords: readonly string[], text: string): string[] {
  const wanted = keywords.map((keyword) => keyword.toLowerCase()).filter((keyword) => keyword.trim() !== '');
  const lower = text.toLowerCase();
  const next = wanted.map((keyword) => lower.indexOf(keyword));
  const found: string[] = [];
  for (let at = 0; ;) {
    let best = -1;
    for (let index = 0; index < wanted.length; index++) {
      if (next[index]! >= 0 && next[index]! < at) next[index] = lower.indexOf(wanted[index]!, at);
      if (next[index]! >= 0 && (best < 0 || next[index]! < next[best]!)) best = index;
    }
    if (best < 0) return found;
    const start = next[best]!;
    const end = start + wanted[best]!.length;
    if (isWord(lower[start - 1]) || isWord(lower[end])) {
      next[best] = lower.indexOf(wanted[best]!, start + 1);
    } else {
      found.push(wanted[best]!);
      at = end;
    }
  }
}

/**
 * How well the response mentions the keywords as the reference does: longest common subsequence of the two match
 * sequences over the longer of them, in [0, 1]. 0 when neither mentions any, or when both are too long to compare.
 */
export function keywordAlignment(keywords: readonly string[], response: string, reference: string): number {
  const left = matchKeywords(keywords, response);
  const right = matchKeywords(keywords, reference);
  const longer = Math.max(left.length, right.length);
  return longer === 0 ? 0 : (lcsLength(left, right) ?? 0) / longer;
}
