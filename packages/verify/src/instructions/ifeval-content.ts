/** @file IFEval (arXiv 2311.07911): keywords, language, length, content, start, end, letter case and punctuation. */
import {
  containsWord,
  countOccurrences,
  hasWhitespace,
  isLowerCase,
  isUpperCase,
  splitWhitespace,
  strip,
  stripWhile,
  wordRuns,
} from '../text/characters.js';
import { detectLanguage } from '../text/language.js';
import { splitSentences } from '../text/sentences.js';
import { tokenizeWords } from '../text/words.js';
import { holds, instruction, number, plainInstruction, relation, text, texts } from './instruction.js';

/** Keywords are literal strings, matched regardless of case, also inside longer words. */
const keywords = {
  'keywords:existence': instruction({ keywords: texts }, (response, args) => {
    const lower = response.toLowerCase();
    return args.keywords.every((keyword) => lower.includes(keyword.toLowerCase()));
  }),
  'keywords:frequency': instruction({ keyword: text, frequency: number, relation }, (response, args) =>
    holds(countOccurrences(response.toLowerCase(), strip(args.keyword).toLowerCase()), args.relation, args.frequency),
  ),
  'keywords:forbidden_words': instruction({ forbidden_words: texts }, (response, args) => {
    const lower = response.toLowerCase();
    return !args.forbidden_words.some((word) => containsWord(lower, word.toLowerCase()));
  }),
  'keywords:letter_frequency': instruction(
    { letter: text, let_frequency: number, let_relation: relation },
    (response, args) =>
      holds(
        countOccurrences(response.toLowerCase(), strip(args.letter).toLowerCase()),
        args.let_relation,
        args.let_frequency,
      ),
  ),
  'keywords:key_sentences': instruction({ key_sentences: texts, num_sentences: number }, (response, args) => {
    const flat = (sentence: string): string => splitWhitespace(sentence).join(' ');
    const sentences = new Set(splitSentences(response).map(flat));
    return [...new Set(args.key_sentences)].filter((key) => sentences.has(flat(key))).length === args.num_sentences;
  }),
};

/** Languages are ISO 639-1 codes; a text without letters could be in any language and passes. */
const language = {
  'language:response_language': instruction({ language: text }, (response, args) => {
    const detected = detectLanguage(response);
    return detected === null || detected === args.language.toLowerCase();
  }),
};

const markdownDivider = /\s?\*\*\*\s?/u;

/** The first word up to its first punctuation, in lower case, without opening quotes. */
function openingWord(paragraph: string): string {
  const first = splitWhitespace(paragraph)[0] ?? '';
  const bare = stripWhile(
    stripWhile(first, (c) => c === "'", 'start'),
    (c) => c === '"',
    'start',
  );
  return bare.split(/[.,?!'"]/u, 1)[0]!.toLowerCase();
}

const length = {
  'length_constraints:number_sentences': instruction({ num_sentences: number, relation }, (response, args) =>
    holds(splitSentences(response).length, args.relation, args.num_sentences),
  ),
  'length_constraints:number_words': instruction({ num_words: number, relation }, (response, args) =>
    holds(wordRuns(response).length, args.relation, args.num_words),
  ),
  /** Paragraphs stand between `***`; an empty one is allowed only at either end and does not count. */
  'length_constraints:number_paragraphs': instruction({ num_paragraphs: number }, (response, args) => {
    const parts = response.split(markdownDivider).map(strip);
    if (parts.slice(1, -1).includes('')) return false;
    return parts.filter((part) => part !== '').length === args.num_paragraphs;
  }),
  /** Paragraphs stand between blank lines; `nth_paragraph` counts from 1 over all pieces, empty ones included. */
  'length_constraints:nth_paragraph_first_word': instruction(
    { num_paragraphs: number, nth_paragraph: number, first_word: text },
    (response, args) => {
      const parts = response.split('\n\n').map(strip);
      const count = parts.filter((part) => part !== '').length;
      if (count !== args.num_paragraphs || args.nth_paragraph > count) return false;
      const paragraph = parts[args.nth_paragraph - 1] ?? '';
      return paragraph !== '' && openingWord(paragraph) === args.first_word.toLowerCase();
    },
  ),
};

/** Number of `[...]` pairs that open and close on one line. */
function countPlaceholders(response: string): number {
  let count = 0;
  for (const line of response.split('\n')) {
    for (let open = line.indexOf('['); open >= 0;) {
      const close = line.indexOf(']', open + 1);
      if (close < 0) break;
      count++;
      open = line.indexOf('[', close + 1);
    }
  }
  return count;
}

/** `P.S.` and `P.P.S` may be spaced between their letters; any other marker is literal. Case does not matter. */
function hasPostscript(response: string, marker: string): boolean {
  const lower = response.toLowerCase();
  if (marker === 'P.P.S') return /p\.\s?p\.\s?s/u.test(lower);
  if (marker === 'P.S.') return /p\.\s?s\./u.test(lower);
  return lower.includes(marker.toLowerCase());
}

/** Size of the multiset intersection of two texts' words. */
function commonWords(a: string, b: string): number {
  const left = new Map<string, number>();
  for (const word of wordRuns(a.toLowerCase())) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of wordRuns(b.toLowerCase())) {
    const available = left.get(word) ?? 0;
    if (available === 0) continue;
    left.set(word, available - 1);
    common++;
  }
  return common;
}

const content = {
  'detectable_content:number_placeholders': instruction(
    { num_placeholders: number },
    (response, args) => countPlaceholders(response) >= args.num_placeholders,
  ),
  'detectable_content:postscript': instruction({ postscript_marker: text }, (response, args) =>
    hasPostscript(response, strip(args.postscript_marker)),
  ),
  /** Between `low` and `high` words in common with the original, counted with repetition and regardless of case. */
  'detectable_content:rephrase_paragraph': instruction(
    { original_paragraph: text, low: number, high: number },
    (response, args) => {
      const common = commonWords(args.original_paragraph, response);
      return args.low <= common && common <= args.high;
    },
  ),
};

const startAndEnd = {
  'startend:end_checker': instruction({ end_phrase: text }, (response, args) =>
    stripWhile(strip(response), (c) => c === '"')
      .toLowerCase()
      .endsWith(strip(args.end_phrase).toLowerCase()),
  ),
  'startend:quotation': plainInstruction((response) => {
    const body = strip(response);
    return body.length > 1 && body.startsWith('"') && body.endsWith('"');
  }),
  /** Some line starts with the phrase, after any indentation. */
  'multi-turn:constrained_start': instruction({ starter: text }, (response, args) =>
    response.split('\n').some((line) => stripWhile(line, hasWhitespace, 'start').startsWith(strip(args.starter))),
  ),
};

/** English is checked only once the letters have the right case; without evidence of a language the text passes. */
function isEnglish(response: string): boolean {
  const detected = detectLanguage(response);
  return detected === null || detected === 'en';
}

const letterCase = {
  'change_case:english_capital': plainInstruction((response) => isUpperCase(response) && isEnglish(response)),
  'change_case:english_lowercase': plainInstruction((response) => isLowerCase(response) && isEnglish(response)),
  'change_case:capital_word_frequency': instruction(
    { capital_frequency: number, capital_relation: relation },
    (response, args) =>
      holds(tokenizeWords(response).filter(isUpperCase).length, args.capital_relation, args.capital_frequency),
  ),
};

/** Request text repeated at the start, or two answers: the combination group of IFEval. */
const combination = {
  'combination:repeat_prompt': instruction({ prompt_to_repeat: text }, (response, args) =>
    strip(response).toLowerCase().startsWith(strip(args.prompt_to_repeat).toLowerCase()),
  ),
  /** Exactly two different answers around `******`; empty pieces are allowed only at either end. */
  'combination:two_responses': plainInstruction((response) => {
    const parts = response.split('******').map(strip);
    if (parts.slice(1, -1).includes('')) return false;
    const answers = parts.filter((part) => part !== '');
    return answers.length === 2 && answers[0] !== answers[1];
  }),
};

const punctuation = {
  'punctuation:no_comma': plainInstruction((response) => !response.includes(',')),
};

export const ifevalContent = {
  ...keywords,
  ...language,
  ...length,
  ...content,
  ...startAndEnd,
  ...letterCase,
  ...combination,
  ...punctuation,
};
