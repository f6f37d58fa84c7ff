/** @file IFBench (arXiv 2507.02833): counts and ratios of words, names, numbers, sentences and character trigrams. */
import {
  containsWord,
  countOccurrences,
  removePunctuation,
  splitWhitespace,
  strip,
  stripPunctuation,
  wordRuns,
} from '../text/characters.js';
import { splitSentences } from '../text/sentences.js';
import { tokenizeWords } from '../text/words.js';
import { instruction, number, plainInstruction, text } from './instruction.js';
import { coordinatingConjunctions, personNames, pronouns, stopWords } from './lexicon.js';

/** Words after splitting at whitespace, without punctuation around them, in lower case. */
function bareWords(response: string): string[] {
  return splitWhitespace(response.toLowerCase()).map((word) => stripPunctuation(word));
}

/** Six marks and an interrobang; the interrobang's own two marks do not count towards the six. */
function coversPunctuation(response: string): boolean {
  const interrobang = ['?!', '!?', '‽'].find((mark) => response.includes(mark));
  if (interrobang === undefined) return false;
  const rest = interrobang === '‽' ? response : response.replace(interrobang, '');
  return ['.', ',', '!', '?', ';', ':'].every((mark) => rest.includes(mark));
}

const japanese = /[\u3040-\u30ff\u4e00-\u9fff]/u;

/** Every `every`-th word (counted from 1) has a Japanese character; numbers and bare punctuation are let pass. */
function hasJapaneseWords(response: string, every: number): boolean {
  return splitWhitespace(response).every((word, index) => {
    if ((index + 1) % every !== 0) return true;
    const bare = stripPunctuation(word);
    return bare === '' || /^\p{Nd}+$/u.test(bare) || japanese.test(bare);
  });
}

export const ifbenchCount = {
  'count:word_count_range': instruction({ min_words: number, max_words: number }, (response, args) => {
    const count = wordRuns(response).length;
    return args.min_words <= count && count <= args.max_words;
  }),
  'count:unique_word_count': instruction(
    { N: number },
    (response, args) => new Set(bareWords(response)).size >= args.N,
  ),
  /** Different spellings as they stand in the text: `and` and `And,` are two. */
  'count:conjunctions': instruction({ small_n: number }, (response, args) => {
    const found = splitWhitespace(response).filter((word) =>
      coordinatingConjunctions.has(stripPunctuation(word).toLowerCase()),
    );
    return new Set(found).size >= args.small_n;
  }),
  'count:person_names': instruction(
    { N: number },
    (response, args) => personNames.filter((name) => containsWord(response, name)).length >= args.N,
  ),
  /** Punctuation is removed first, so `1,000` and `3.5` are one number each. */
  'count:numbers': instruction(
    { N: number },
    (response, args) => (removePunctuation(response).match(/\p{Nd}+/gu) ?? []).length === args.N,
  ),
  'count:pronouns': instruction({ N: number }, (response, args) => {
    const words = tokenizeWords(response.replaceAll('/', ' ').toLowerCase());
    return words.filter((word) => pronouns.has(word)).length >= args.N;
  }),
  'count:punctuation': plainInstruction(coversPunctuation),
  'count:words_japanese': instruction(
    { N: number },
    (response, args) => args.N > 0 && hasJapaneseWords(response, args.N),
  ),
  /** Five keywords exactly 1, 2, 3, 5 and 7 times, regardless of case, also inside longer words. */
  'count:keywords_multiple': instruction(
    { keyword1: text, keyword2: text, keyword3: text, keyword4: text, keyword5: text },
    (response, args) => {
      const lower = response.toLowerCase();
      const wanted = [
        [args.keyword1, 1],
        [args.keyword2, 2],
        [args.keyword3, 3],
        [args.keyword4, 5],
        [args.keyword5, 7],
      ] as const;
      return wanted.every(([keyword, times]) => countOccurrences(lower, strip(keyword).toLowerCase()) === times);
    },
  ),
};

/** The set of runs of three code points. */
function trigrams(source: string): Set<string> {
  const found = new Set<string>();
  let [first, second] = ['', ''];
  for (const character of source) {
    if (first !== '') found.add(first + second + character);
    [first, second] = [second, character];
  }
  return found;
}

/** Percentage of the response's different character trigrams that the reference has too; null for fewer than three characters. */
function trigramOverlap(response: string, reference: string): number | null {
  const own = trigrams(response);
  if (own.size === 0) return null;
  const other = trigrams(reference);
  let shared = 0;
  for (const trigram of own) if (other.has(trigram)) shared++;
  return (100 * shared) / own.size;
}

/** How many sentences end with each mark; closing quotes and brackets after the mark are looked through. */
function sentenceEndings(response: string): { declarative: number; interrogative: number; exclamatory: number } {
  const endings = { declarative: 0, interrogative: 0, exclamatory: 0 };
  for (const sentence of splitSentences(response)) {
    const mark = /[.?!](?=["'’”»]?$)/u.exec(sentence.slice(-2))?.[0];
    if (mark === '.') endings.declarative++;
    if (mark === '?') endings.interrogative++;
    if (mark === '!') endings.exclamatory++;
  }
  return endings;
}

export const ifbenchRatio = {
  'ratio:stop_words': instruction({ percentage: number }, (response, args) => {
    const words = wordRuns(response);
    const stops = words.filter((word) => stopWords.has(word.toLowerCase())).length;
    return words.length > 0 && (100 * stops) / words.length <= args.percentage;
  }),
  /** Twice as many declarative as interrogative sentences. */
  'ratio:sentence_type': plainInstruction((response) => {
    const { declarative, interrogative } = sentenceEndings(response);
    return declarative === 2 * interrogative;
  }),
  'ratio:sentence_balance': plainInstruction((response) => {
    const { declarative, interrogative, exclamatory } = sentenceEndings(response);
    return declarative === interrogative && interrogative === exclamatory;
  }),
  /** The overlap lies within two percentage points of the wanted one. */
  'ratio:overlap': instruction({ reference_text: text, percentage: number }, (response, args) => {
    const overlap = trigramOverlap(response, args.reference_text);
    return overlap !== null && Math.abs(overlap - args.percentage) <= 2;
  }),
  /** Three sentences of equal length in characters. That all words differ is asked for but, as in the original, not checked. */
  'ratio:sentence_words': plainInstruction((response) => {
    const lengths = splitSentences(response).map((sentence) => [...sentence].length);
    return lengths.length === 3 && new Set(lengths).size === 1;
  }),
};
