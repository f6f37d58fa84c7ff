/**
 * @file Which options a response settles on. Explicit places are read in order of trust: box, answer tag, a sentence that
 * announces the answer, and last a response that is nothing but a letter or an option's text. The last statement wins;
 * options that the response rejects (`not B`, `A is wrong`) are no choice. A letter inside running text is never taken.
 */
import { afterThinking, lastCommand, tagContent } from '../format/tags.js';
import { lastChoice } from '../extract/choice.js';
import { normalizeAnswer } from '../text/normalize.js';
import { letterOf } from './options.js';

/** Where a choice was found. */
export type ChoiceSource = 'box' | 'answer-tag' | 'announced' | 'whole-response';

export interface ExtractedChoice {
  /** Distinct letters, in alphabetical order. */
  readonly letters: readonly string[];
  readonly source: ChoiceSource;
  /** The text that was read. */
  readonly text: string;
}

/** Only the last part of a long response is read; answers stand at the end. */
const windowLength = 4000;

const separators = /[\s,;/&+]+|\band\b|\bor\b/i;

/** The letters a short text names: `B`, `(b)`, `B.`, `option B`, `A, C`, `A and C`, `B) Paris`; null when it is not one. */
function readLetters(text: string, count: number): string[] | null {
  const bare = text
    .replace(/\\(?:text|textbf|mathrm|mathbf|rm|bf)\s*\{([^{}]*)\}/g, '$1')
    .replace(/[*_`$\\]|^[\s:"'’.]+/g, ' ')
    .replace(/\b(?:the|option|choice|answer|letter|is)\b:?/gi, ' ')
    .trim();
  const inRange = (letter: string): boolean => letter >= 'A' && letter <= letterOf(count - 1);
  // A letter with its own mark, and perhaps the option's text behind it: `(B)`, `B) Paris`, `B. Paris`, `B: Paris`.
  const marked = /^[([{]?\s*([A-Za-z])\s*(?:[)\]}]|[.:](?=\s|$))/.exec(bare);
  if (marked !== null && !/^[([{]?\s*[A-Za-z]\s*[)\]}]?\s*(?:,|;|&|\band\b|\bor\b)/.test(bare)) {
    const letter = marked[1]!.toUpperCase();
    return inRange(letter) ? [letter] : null;
  }
  const parts = bare
    .split(separators)
    .map((part) => part.replace(/[()[\]{}.:!"']/g, ''))
    .filter((part) => part !== '');
  if (parts.length === 0 || parts.length > count || !parts.every((part) => /^[A-Za-z]$/.test(part))) return null;
  const letters = parts.map((part) => part.toUpperCase());
  return letters.every(inRange) ? [...new Set(letters)].sort() : null;
}

/** The option whose text this is, after normalisation; null when none or several are. */
function readOptionText(text: string, options: readonly string[]): string | null {
  const wanted = normalizeAnswer(text);
  if (wanted === '') return null;
  const matches = options.flatMap((option, index) => (normalizeAnswer(option) === wanted ? [letterOf(index)] : []));
  return matches.length === 1 ? matches[0]! : null;
}

function read(text: string, options: readonly string[], count: number): readonly string[] | null {
  const letters = readLetters(text, count);
  if (letters !== null) return letters;
  const byText = readOptionText(text, options);
  return byText === null ? null : [byText];
}

const announcement =
  /(?:answer|choice|option|choose|select|pick)(?:\s+(?:is|are|was|would be|must be|should be|option|choice))*\s*[:=]?\s*\**\s*(?:option|choice)?\s*[([{]?\b([A-Z])\b[)\]}]?(?!['’])/giu;
const correctOption = /[([{]?\b([A-Z])\b[)\]}]?\s+(?:is|would be)\s+(?:the\s+)?(?:correct|right|best)/gu;
const rejection =
  /(?:\bnot|n['’]t|\bnever|\bneither|\brather than|\binstead of)\s+(?:be\s+|the\s+|option\s+|choice\s+)*[([{]?$/iu;

/** `A` that begins a phrase (`choose A dog`) rather than naming an option (`choose A because`, `A)`). */
function isArticle(text: string, at: number): boolean {
  const rest = text.slice(at + 1, at + 12);
  return text.charAt(at) === 'A' && /^\s+[a-z]/.test(rest) && !/^\s+(?:is|because|since|as|and|or)\b/.test(rest);
}

/** The last letter that a sentence announces as the answer and does not reject. */
function readAnnounced(answer: string, count: number): ExtractedChoice | null {
  const found: { at: number; letter: string; text: string }[] = [];
  for (const pattern of [announcement, correctOption]) {
    for (const match of answer.matchAll(pattern)) {
      const written = match[1]!;
      const letter = written.toUpperCase();
      const at = match.index + match[0].lastIndexOf(written);
      const before = answer.slice(Math.max(0, at - 24), at);
      // A small letter names an option only in brackets: `(b)`.
      if (
        (letter !== written && !/[([{]/.test(answer.charAt(at - 1))) ||
        (letter === 'I' && count < 9) ||
        isArticle(answer, at)
      )
        continue;
      if (rejection.test(before) || letter > letterOf(count - 1)) continue;
      found.push({ at, letter, text: match[0] });
    }
  }
  const last = found.sort((a, b) => a.at - b.at).at(-1);
  return last === undefined ? null : { letters: [last.letter], source: 'announced', text: last.text.trim() };
}

/**
 * The choice a response makes among `options` (texts in display order; empty texts where only letters are known), or
 * null when it makes none that can be told.
 */
export function extractChoice(response: string, options: readonly string[]): ExtractedChoice | null {
  const count = Math.min(26, options.length);
  const answer = afterThinking(response).slice(-windowLength);
  const places: readonly (readonly [ChoiceSource, string | null])[] = [
    ['box', lastCommand(answer, 'boxed')],
    ['answer-tag', tagContent(answer, 'answer')],
  ];
  for (const [source, text] of places) {
    if (text === null) continue;
    const letters = read(text, options, count) ?? readAnnounced(text, count)?.letters ?? null;
    return letters === null ? null : { letters, source, text };
  }
  const announced = readAnnounced(answer, count);
  if (announced !== null) return announced;
  const letters = read(answer.trim(), options, count);
  if (letters !== null) return { letters, source: 'whole-response', text: answer.trim() };
  // Other languages, quotes, and decisions without the word answer: "so I think it's B".
  const last = lastChoice(answer, { letters: Array.from({ length: count }, (_, index) => letterOf(index)).join('') });
  return last === null ? null : { letters: [last.text], source: 'announced', text: last.text };
}
