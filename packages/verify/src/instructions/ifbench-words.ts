/** @file IFBench (arXiv 2507.02833): conditions on words: letters, lengths, positions, repeats, syllables. */
import {
  codePointLength,
  firstCharacter,
  removePunctuation,
  splitWhitespace,
  strip,
  stripPunctuation,
} from '../text/characters.js';
import { splitSentences } from '../text/sentences.js';
import { countSyllables } from '../text/syllables.js';
import { isVerbForm } from '../text/verbs.js';
import { firstToken, tokenizeSentence, tokenizeWords } from '../text/words.js';
import { asciiPunctuation } from '../text/characters.js';
import { instruction, number, plainInstruction, text } from './instruction.js';

/** Lower-case words without any ASCII punctuation; words of punctuation alone vanish. */
function plainWords(response: string): string[] {
  return splitWhitespace(removePunctuation(response.toLowerCase()));
}

/** Whether `accept` holds for every pair of neighbours. */
function everyPair<T>(items: readonly T[], accept: (left: T, right: T) => boolean): boolean {
  return items.every((item, index) => index === 0 || accept(items[index - 1]!, item));
}

/** First letters run through the alphabet from wherever the first word starts, z followed by a. */
function loopsAlphabet(response: string): boolean {
  const letters = plainWords(response).map(firstCharacter);
  if (letters.length === 0 || !/^[a-z]$/.test(letters[0]!)) return false;
  const next = (letter: string): string => (letter === 'z' ? 'a' : String.fromCharCode(letter.charCodeAt(0) + 1));
  return everyPair(letters, (left, right) => right === next(left));
}

const primeLengths = new Set([
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
]);

function isPalindrome(word: string): boolean {
  const characters = [...word];
  return characters.length >= 5 && characters.join('') === characters.reverse().join('');
}

/** Most frequent word's count; 0 for an empty list. */
function highestCount(words: readonly string[]): number {
  const counts = new Map<string, number>();
  let highest = 0;
  for (const word of words) {
    const count = (counts.get(word) ?? 0) + 1;
    counts.set(word, count);
    highest = Math.max(highest, count);
  }
  return highest;
}

/** The last word of each sentence opens the next one. */
function chainsSentences(response: string): boolean {
  const sentences = splitSentences(response);
  return everyPair(sentences, (left, right) => {
    const last = splitWhitespace(stripPunctuation(left, 'end')).at(-1);
    const first = splitWhitespace(stripPunctuation(right, 'start'))[0];
    return last !== undefined && first !== undefined && last.toLowerCase() === first.toLowerCase();
  });
}

function paragraphsMirror(response: string): boolean {
  return response.split('\n').every((line) => {
    const words = splitWhitespace(stripPunctuation(strip(line).toLowerCase()));
    return words.length === 0 || words[0] === words.at(-1);
  });
}

/** Second word and second word from the end; a closing punctuation mark is no word, other marks are. */
function frames(response: string, keyword: string): boolean {
  const words = tokenizeWords(response).map((word) => word.toLowerCase());
  const ending = words.at(-1);
  const closes = ending !== undefined && ending !== '' && asciiPunctuation.includes(ending);
  const secondLast = words.at(closes ? -3 : -2);
  return words[1] === keyword && secondLast === keyword;
}

export const ifbenchWords = {
  'words:alphabet': plainInstruction(loopsAlphabet),
  /** One paragraph with at most three different vowels out of a, e, i, o, u. */
  'words:vowel': plainInstruction((response) => {
    const body = strip(response);
    return !body.includes('\n') && new Set(body.toLowerCase().match(/[aeiou]/g) ?? []).size <= 3;
  }),
  'words:consonants': plainInstruction((response) =>
    splitWhitespace(response.toLowerCase()).every((word) => /[bcdfghjklmnpqrstvwxyz]{2}/.test(word)),
  ),
  'words:palindrome': plainInstruction((response) => plainWords(response).filter(isPalindrome).length >= 10),
  'words:prime_lengths': plainInstruction((response) =>
    plainWords(response).every((word) => primeLengths.has(codePointLength(word))),
  ),
  'words:start_verb': plainInstruction((response) => isVerbForm(firstToken(response) ?? '')),
  'words:repeats': instruction(
    { small_n: number },
    (response, args) => highestCount(plainWords(response)) <= args.small_n,
  ),
  'words:odd_even_syllables': plainInstruction((response) => {
    const known = new Map<string, boolean>();
    const isOdd = (word: string): boolean => {
      const odd = known.get(word) ?? countSyllables(word) % 2 === 1;
      known.set(word, odd);
      return odd;
    };
    return everyPair(plainWords(response), (left, right) => isOdd(left) !== isOdd(right));
  }),
  'words:last_first': plainInstruction(chainsSentences),
  'words:paragraph_last_first': plainInstruction(paragraphsMirror),
  'words:no_consecutive': plainInstruction((response) =>
    everyPair(plainWords(response), (left, right) => firstCharacter(left) !== firstCharacter(right)),
  ),
  /** Sentence `n`, word `m`, both counted from 1; punctuation is no word. */
  'words:keywords_specific_position': instruction({ keyword: text, n: number, m: number }, (response, args) => {
    const sentence = splitSentences(response)[args.n - 1];
    const words = tokenizeSentence(sentence ?? '').filter((word) => /[\p{L}\p{N}]/u.test(word));
    return words[args.m - 1]?.toLowerCase() === strip(args.keyword).toLowerCase();
  }),
  'words:words_position': instruction({ keyword: text }, (response, args) =>
    frames(response, strip(args.keyword).toLowerCase()),
  ),
};
