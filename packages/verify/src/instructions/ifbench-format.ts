/** @file IFBench (arXiv 2507.02833): formats: nesting, options, lines, bullets, quotes, letter case, templates. */
import {
  hasWhitespace,
  removePunctuation,
  splitWhitespace,
  strip,
  stripPunctuation,
  stripWhile,
} from '../text/characters.js';
import { asciiPunctuation, countOccurrences, isLowerCase, isUpperCase } from '../text/characters.js';
import { isEmoji } from '../text/emoji.js';
import { splitSentences } from '../text/sentences.js';
import { tokenizeWords } from '../text/words.js';
import { instruction, plainInstruction, text } from './instruction.js';

const closers: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Brackets of any kind, properly closed, five deep; a wrong closer starts the count again. */
function nestsBrackets(response: string): boolean {
  let open: string[] = [];
  let deepest = 0;
  for (const character of response) {
    if ('([{'.includes(character)) {
      open.push(character);
      deepest = Math.max(deepest, open.length);
    } else if (character in closers) {
      if (open.at(-1) !== closers[character]) {
        open = [];
        deepest = 0;
        continue;
      }
      open.pop();
      if (deepest >= 5) return true;
    }
  }
  return false;
}

/** Straight quotes three levels deep, double and single in turn, closed down to the outside. */
function nestsQuotes(response: string): boolean {
  const open: string[] = [];
  let deepest = 0;
  for (const character of response) {
    if (character !== '"' && character !== "'") continue;
    if (open.at(-1) === character) {
      open.pop();
      if (deepest - open.length >= 3) return true;
    } else {
      open.push(character);
      deepest = Math.max(deepest, open.length);
    }
  }
  return false;
}

/** Options stand between slashes, the word `or`, or commas, whichever occurs first in this order. */
function splitOptions(options: string): string[] {
  const separator = options.includes('/') ? '/' : options.includes('or') ? 'or' : ',';
  return options.split(separator).map(strip);
}

/** Lettered options must match exactly; other options regardless of case and surrounding punctuation. */
function isOption(response: string, options: string): boolean {
  const choices = splitOptions(options);
  if (/^[^\p{L}\p{N}_]*a[^\p{L}\p{N}_]*b[^\p{L}\p{N}_]*c/iu.test(options)) return choices.includes(response);
  const bare = (source: string): string => stripPunctuation(source).toLowerCase();
  return choices.some((choice) => bare(choice) === bare(response));
}

/** Whether a sentence's last visible character, or the one before it (a variation selector may follow), is an emoji. */
function endsWithEmoji(sentence: string): boolean {
  return [...sentence].slice(-2).some(isEmoji);
}

/** Every sentence ends with an emoji, which may also open the next piece, as it does after a full stop. */
function emojiAfterSentences(response: string): boolean {
  const sentences = splitSentences(response).map((sentence) => strip(removePunctuation(sentence)));
  return sentences.every((sentence, index) => {
    if (sentence === '') return false;
    const next = sentences[index + 1];
    return endsWithEmoji(sentence) || (next !== undefined && isEmoji([...next][0] ?? ''));
  });
}

/** Each line that is not blank is indented by more spaces than the one before. */
function isStairs(response: string): boolean {
  const indents = response
    .split('\n')
    .filter((line) => strip(line) !== '')
    .map((line) => line.length - stripWhile(line, (c) => c === ' ', 'start').length);
  return indents.every((indent, index) => index === 0 || indent > indents[index - 1]!);
}

/** No two quotations touch, and something other than punctuation follows the last one. */
function explainsQuotes(response: string): boolean {
  const compact = splitWhitespace(response.replaceAll(`'"'`, '')).join('');
  const trimmed = stripWhile(compact, (c) => c !== '"' && (asciiPunctuation.includes(c) || /[0-9]/.test(c)));
  return !compact.includes('""') && !trimmed.endsWith('"');
}

/** An italic opening tag, text, a closing tag, and text after it. */
function hasItalicThesis(response: string): boolean {
  const open = response.includes('<i>') ? '<i>' : '<em>';
  const start = response.indexOf(open);
  if (start < 0) return false;
  const rest = response.slice(start + 3);
  const close = rest.includes('</i>') ? '</i>' : '</em>';
  const end = rest.indexOf(close);
  if (end < 0) return false;
  return strip(rest.slice(0, end)) !== '' && strip(rest.slice(end + 4)) !== '';
}

/** Two or more sentences, then nothing but two or more `*` bullets; at most one blank line stands between. */
function sentencesThenBullets(response: string): boolean {
  let sentences = 0;
  let bullets = 0;
  let prose = true;
  for (const line of response.split('\n').map(strip)) {
    if (line.startsWith('*')) {
      if (sentences < 2) return false;
      prose = false;
      bullets++;
      continue;
    }
    if (!prose) return false;
    const found = splitSentences(line).length;
    sentences += found;
    prose = found > 0;
  }
  return bullets >= 2;
}

/** No word starts in lower case with the rest in one case; words with mixed capitals and those without a leading letter pass. */
function isTitleCase(response: string): boolean {
  return tokenizeWords(response).every((word) => {
    const [first = '', ...rest] = word;
    if (!/\p{Lowercase}/u.test(first) || !/\p{L}/u.test(first)) return true;
    const tail = rest.join('');
    return tail !== '' && !isLowerCase(tail) && !isUpperCase(tail);
  });
}

export const ifbenchFormat = {
  'format:parentheses': plainInstruction(nestsBrackets),
  'format:quotes': plainInstruction(nestsQuotes),
  'format:options': instruction({ options: text }, (response, args) => isOption(response, args.options)),
  'format:newline': plainInstruction((response) => {
    const body = strip(removePunctuation(response));
    return body.split('\n').filter((line) => line !== '').length === splitWhitespace(body).length;
  }),
  'format:emoji': plainInstruction(emojiAfterSentences),
  'format:line_indent': plainInstruction(isStairs),
  'format:quote_unquote': plainInstruction(explainsQuotes),
  'format:list': instruction({ sep: text }, (response, args) => countOccurrences(response, args.sep) >= 2),
  'format:thesis': plainInstruction(hasItalicThesis),
  /** After every asterisk, before the next, there is a hyphen. */
  'format:sub-bullets': plainInstruction((response) =>
    response
      .split('*')
      .slice(1)
      .every((part) => part.includes('-')),
  ),
  'format:no_bullets_bullets': plainInstruction(sentencesThenBullets),
  'format:title_case': plainInstruction(isTitleCase),
  'format:output_template': plainInstruction((response) =>
    ['My Answer:', 'My Conclusion:', 'Future Outlook:'].every((label) => response.includes(label)),
  ),
  'format:no_whitespace': plainInstruction((response) => !hasWhitespace(response)),
};
