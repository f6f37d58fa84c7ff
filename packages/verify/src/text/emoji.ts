/** @file Emoji by Unicode property. */

/** True for a single code point that is shown as an emoji by itself (not a digit, `#`, `*` or half of a flag). */
export function isEmoji(character: string): boolean {
  return /^\p{Emoji}$/u.test(character) && !/^[#*0-9\p{Regional_Indicator}]$/u.test(character);
}
