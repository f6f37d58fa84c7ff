/**
 * @file Syllables of English words by vowel groups, with the regular exceptions: silent final e (also before `-ment`,
 * `-ly`, `-ful` ...), silent `-ed` and `-es`, vowels in hiatus (`sci-ence`, `cre-ate`), and a short list of common
 * irregular words. An estimate: about one word in twenty-five of running text differs from a syllable dictionary.
 */
import { splitWhitespace, stripPunctuation } from './characters.js';

/** Common words the rules get wrong, by their number of syllables. */
const irregular: ReadonlyMap<string, number> = new Map(
  Object.entries({
    1: 'ain aren fire hour hours isn mr once one our tire weren',
    2: `beyond business chaos client coffee dial diet different dr every evening friendly fuel giant lion maybe mrs naked
      ocean people poem poet quiet rhythm riot ruin science social someone something sometimes special therefore trial
      wicked sacred doesn didn couldn shouldn wouldn hasn hadn wasn being doing going seeing create`,
    3: `area audience audio cafeteria casual created creates desire everyone everything familiar idea ideas interest
      mysterious museum piano poetry radio ratio really recipe several studio theater theatre union usual video
      violin visual annual actual karate simile opinion`,
    4: 'actually apostrophe gradually interesting reality society usually',
  }).flatMap(([count, words]) => splitWhitespace(words).map((word) => [word, Number(count)] as const)),
);

/** Pairs of vowels that are spoken apart. */
const hiatus = [
  /[^aeiouytcsg]i(?:a|o|u)/,
  /[^c]ien(?:ce|t)/,
  /[tcsg]ia$|eo[^aeiouy]*$/,
  /[dtnsx]ua[ltn]/,
  /[aeiouy]ing$/,
  /creat|^react/,
  /eous$|uous|uity|iety|ium/,
  /[^aeiouy](?:ism|thm|asm)s?$/,
] as const;

/** Vowel groups that carry no syllable. */
const silent = [
  /[^aeiouytd]ed$(?<![^aeiouy][lr]ed$)/,
  /[^aeiouysxzcg]es$(?<![cs]hes$|[^aeiouy]les$)/,
  /[^aeiouy]e$(?<![^aeiouyrlw]le$)/,
  /[gq]ues?$/,
  /[^aeiouyl]e(?:ment|ly|ful|ness|less|work|thing|where|land)/,
] as const;

/** Estimated number of syllables: at least 1 for a word of letters, 0 for an empty one or one with digits. */
export function countSyllables(word: string): number {
  const lower = stripPunctuation(word.trim().toLowerCase());
  if (lower === '' || /\d/.test(lower)) return 0;
  // No English word is longer; the bound keeps the patterns below cheap on hostile input.
  if (lower.length > 64) return 1;
  const known = irregular.get(lower);
  if (known !== undefined) return known;
  const parts = lower.split('-').filter((part) => part !== '');
  if (parts.length > 1) return parts.reduce((sum, part) => sum + countSyllables(part), 0);
  const groups = (lower.match(/[aeiouy]+/g) ?? []).length;
  const extra = hiatus.filter((pattern) => pattern.test(lower)).length;
  const dropped = silent.filter((pattern) => pattern.test(lower)).length;
  return Math.max(1, groups + extra - dropped);
}
