import { answerAnnouncement } from './phrases.js';
import type { Extraction } from './span.js';
import { afterThinking } from './thinking.js';

export interface ChoiceOptions {
  /** The letters that name an option, in upper case. Default `ABCDEFGHIJ`. */
  readonly letters?: string;
}

function isWordPart(char: string | undefined): boolean {
  // Thai, Chinese, Japanese and Korean write a letter and the words around it without a space.
  return char !== undefined && /[\p{L}\p{N}_]/u.test(char) && !/[\u0e00-\u0e7f\u3000-\u9fff\uac00-\ud7af]/.test(char);
}

/** A lone capital that is a word of its own: "A dog" and "I think" name no option. */
function isWord(text: string, at: number): boolean {
  const letter = text[at];
  return (
    (letter === 'A' || letter === 'I') &&
    /^[ ’'][a-z]/.test(text.slice(at + 1, at + 3)) &&
    !'("*'.includes(text[at - 1] ?? ' ')
  );
}

/** "not B", "can't be B", "neither B". */
const rejected = /(?:\bnot|n['’]t|\bnon|\bnever|\bneither|\bnor)\s+(?:be\s+|the\s+|option\s+|choice\s+)*[("*[]*$/i;

function isOption(text: string, at: number, letters: string): boolean {
  const letter = text[at];
  if (letter === undefined || !letters.includes(letter)) return false;
  if (isWordPart(text[at - 1]) || isWordPart(text[at + 1]) || text[at - 1] === '\\') return false;
  const isQuoted = text[at - 1] === "'" || text[at + 1] === "'";
  if (isQuoted && text[at - 1] !== text[at + 1]) return false;
  return !isWord(text, at) && !rejected.test(text.slice(Math.max(0, at - 24), at));
}

function found(text: string, at: number): Extraction {
  const letter = text[at] ?? '';
  return { kind: 'choice', text: letter, start: at, end: at + 1, parts: [letter] };
}

/** Words after which a lone letter at the end of a sentence is a decision and not, say, a vitamin. */
const deciding =
  /(?:\bis|\bit[’']s|\bbe|\bthink|\bsay|\bpick|\bchoose|\bselect|\boption|\bchoice|\banswer|[:=(*"'])\s*$/i;

function isDecision(text: string, at: number): boolean {
  let before = at;
  while ('(*"\''.includes(text[before - 1] ?? '.')) before -= 1;
  let after = at + 1;
  while (')*"\''.includes(text[after] ?? '?')) after += 1;
  const isLast = after >= text.length || '.!\n'.includes(text[after] ?? '');
  return isLast && (before < at || deciding.test(text.slice(Math.max(0, before - 12), before)));
}

/** How far back from the end a letter is looked for. */
const REACH = 4_000;

/**
 * The option letter that a text settles on: after "the answer is" in one of several languages, at its very start
 * ("C" or "B) Paris"), or after a deciding word at the end of a sentence ("so I think it's B"). Case counts: options are
 * written in capitals. Boxes and tags are for the caller to look into first.
 */
export function lastChoice(text: string, options: ChoiceOptions = {}): Extraction | null {
  const letters = options.letters ?? 'ABCDEFGHIJ';
  const thought = afterThinking(text);
  if (thought < 0) return null;
  const from = Math.max(thought, text.length - REACH);
  const announced = answerAnnouncement(text, from);
  if (announced !== null) {
    for (let at = announced.start; at < announced.end; at += 1) if (isOption(text, at, letters)) return found(text, at);
    return null;
  }
  let start = from;
  while (' \n\t(*"'.includes(text[start] ?? '.')) start += 1;
  if (isOption(text, start, letters)) return found(text, start);
  for (let at = text.length - 1; at >= from; at -= 1) {
    if (isOption(text, at, letters) && isDecision(text, at)) return found(text, at);
  }
  return null;
}
