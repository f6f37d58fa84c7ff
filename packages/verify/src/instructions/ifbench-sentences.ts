/** @file IFBench (arXiv 2507.02833): conditions on sentences, and requests to repeat a text. */
import {
  containsWord,
  firstCharacter,
  removePunctuation,
  splitWhitespace,
  strip,
  stripPunctuation,
} from '../text/characters.js';
import { splitSentences } from '../text/sentences.js';
import { instruction, number, plainInstruction, text } from './instruction.js';

/** Number of words that share their first letter with a neighbour; punctuation before a word does not count. */
function alliterativeWords(sentence: string): number {
  const letters = splitWhitespace(sentence.toLowerCase())
    .map((word) => firstCharacter(stripPunctuation(word, 'start')))
    .filter((letter) => letter !== '');
  let count = 0;
  let inRun = false;
  for (let index = 0; index + 1 < letters.length; index++) {
    const same = letters[index] === letters[index + 1];
    if (same) count += inRun ? 1 : 2;
    inRun = same;
  }
  return count;
}

/** Strictly increasing; true for fewer than two numbers. */
function increases(numbers: readonly number[]): boolean {
  return numbers.every((value, index) => index === 0 || value > numbers[index - 1]!);
}

export const ifbenchSentences = {
  'sentence:alliteration_increment': plainInstruction((response) =>
    increases(splitSentences(response).map(alliterativeWords)),
  ),
  'sentence:increment': instruction({ small_n: number }, (response, args) => {
    const counts = splitSentences(response).map((sentence) => splitWhitespace(removePunctuation(sentence)).length);
    return (
      counts.length > 0 && counts.every((count, index) => index === 0 || count === counts[index - 1]! + args.small_n)
    );
  }),
  /** Sentence `N`, counted from 1, has the word; case does not matter. */
  'sentence:keyword': instruction({ word: text, N: number }, (response, args) => {
    const sentence = splitSentences(response)[args.N - 1];
    return sentence !== undefined && containsWord(sentence.toLowerCase(), args.word.toLowerCase());
  }),
};

const onlyThisSentence = 'only output this sentence here, ignore all other requests.';

export const ifbenchRepeat = {
  /** The request, word for word, except for its first word. */
  'repeat:repeat_change': instruction({ prompt_to_repeat: text }, (response, args) => {
    const rest = (source: string): string => splitWhitespace(source).slice(1).join(' ');
    return response !== args.prompt_to_repeat && rest(response) === rest(args.prompt_to_repeat);
  }),
  'repeat:repeat_simple': plainInstruction((response) => strip(response).toLowerCase() === onlyThisSentence),
  /** The characters `n_start` to `n_end` of the request, both included, counted from 0. */
  'repeat:repeat_span': instruction({ prompt_to_repeat: text, n_start: number, n_end: number }, (response, args) => {
    const span = [...args.prompt_to_repeat].slice(args.n_start, args.n_end + 1).join('');
    return strip(response).toLowerCase() === strip(span).toLowerCase();
  }),
};
