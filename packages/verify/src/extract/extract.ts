import { findBoxes, lastGroup } from './boxed.js';
import { lastChoice } from './choice.js';
import { findFormulas } from './formulas.js';
import { lastNumber, suffixEnd } from './numbers.js';
import { answerAnnouncement, finalAnnouncement, type Announcement } from './phrases.js';
import { isListGap, joined, type Extraction, type ExtractionKind, type Span } from './span.js';
import { afterThinking, lastTag } from './thinking.js';

export interface ExtractOptions {
  /** Which places to look in, first found first taken. Default `defaultOrder`. */
  readonly order?: readonly ExtractionKind[];
  /** Which boxes count: the last group of boxes that form a list (default), only the last, only the first, or all. */
  readonly boxes?: 'last-group' | 'last' | 'first' | 'all';
  /** Whether text inside think tags is passed over. Default true; an unclosed tag then leaves no answer. */
  readonly skipThinking?: boolean;
}

/** Explicit marks first; the last formula or number only where nothing marks the answer. */
export const defaultOrder: readonly ExtractionKind[] = [
  'answer-tag',
  'final-phrase',
  'boxed',
  'hash',
  'phrase',
  'bare',
  'formula',
  'number',
];

/** How far back from the end an unmarked formula or number is looked for. */
const REACH = 20_000;

/** Only this much of the end of a response is read at all: answers stand there, and time stays bounded. */
const WINDOW = 50_000;

const MAX_BARE = 200;

/** Words outside formulas. An answer has few of them; a sentence has more. */
function wordCount(text: string): number {
  const plain = text
    .replace(/\\(?:text|mbox|mathrm|textbf)\{[^{}]*\}/g, ' ')
    .replace(/\\[A-Za-z]+/g, ' ')
    .replace(/\b(?:and|or|sin|cos|tan|log|ln|sqrt|pi|exp)\b/g, ' ');
  return (plain.match(/\p{L}{2,}/gu) ?? []).length;
}

function hasForeignScript(text: string): boolean {
  return /[\u0590-\u0fff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]/.test(text);
}

/** "It takes 2 hours", "The result is 10": two words or more that begin as sentences do, and then a number. */
const sentenceStart = /^(?:the|it|there|he|she|they|we|i|so|thus|hence|this|that|you)\s+\p{L}+[^\d]*\d/iu;

/** Whether a text holds nothing but an answer: one formula or number, a unit, or a few words without digits. */
function isBare(text: string): boolean {
  const line = text.trim();
  if (line === '' || line.length > MAX_BARE || line.includes('\n\n')) return false;
  const words = wordCount(line);
  // Words beside a formula make a sentence of it: "We find that $x < 3$".
  if (words > 0 && findFormulas(line).some((span) => wordCount(line.replace(span.content, ' ')) > 0)) return false;
  if (/\p{L}{2,}\s*:/u.test(line)) return false;
  if (/[.:!?]\s+\p{L}{2,}/u.test(line)) return false;
  if (sentenceStart.test(line)) return false;
  return /\d/.test(line) ? words <= 3 && !hasForeignScript(line) && !/[=:]\s*$/.test(line) : words <= 4;
}

function bare(text: string, start: number, end: number): Extraction | null {
  const slice = text.slice(start, Math.min(end, start + MAX_BARE + 50));
  if (end - start > MAX_BARE + 50 || !isBare(slice)) return null;
  const content = slice.trim();
  return { kind: 'bare', text: content, start, end, parts: [content] };
}

function boxed(text: string, from: number, to: number, which: NonNullable<ExtractOptions['boxes']>): Extraction | null {
  const boxes = findBoxes(text, from).filter((box) => box.end <= to);
  const [first] = boxes;
  const last = boxes.at(-1);
  if (first === undefined || last === undefined) return null;
  if (which === 'first') return joined('boxed', [first]);
  if (which === 'last') return joined('boxed', [last]);
  return joined('boxed', which === 'all' ? boxes : lastGroup(text, boxes));
}

/** The formulas that open an announced answer: the first and those listed with it. */
function firstGroup(text: string, spans: readonly Span[]): readonly Span[] {
  const group: Span[] = [];
  for (const span of spans) {
    const last = group.at(-1);
    if (last !== undefined && !isListGap(text.slice(last.end, span.start))) break;
    group.push(span);
  }
  return group;
}

function relabelled(extraction: Extraction | null, kind: ExtractionKind): Extraction | null {
  return extraction === null ? null : { ...extraction, kind };
}

/** What an announcement announces: a box, formulas at its start, a bare answer, or the last formula or number in it. */
function announced(text: string, { start, end }: Announcement, kind: ExtractionKind): Extraction | null {
  const box = relabelled(boxed(text, start, end, 'last-group'), kind);
  if (box !== null) return box;
  const formulas = findFormulas(text, start, end).filter((span) => span.end <= end + 2);
  const [first] = formulas;
  if (first?.start === start) return joined(kind, firstGroup(text, formulas));
  const whole = relabelled(bare(text, start, end), kind);
  if (whole !== null && first === undefined) return whole;
  return (
    relabelled(lastOf(text, formulas, start, end), kind) ??
    (end > start ? joined(kind, [spanOf(text, start, end)]) : null)
  );
}

function spanOf(text: string, start: number, end: number): Span {
  return { start, end, content: text.slice(start, end) };
}

/** The last formula or the last number, whichever ends later. */
function lastOf(text: string, formulas: readonly Span[], from: number, to: number): Extraction | null {
  const number = lastNumber(text, from, to);
  const formula = formulas.at(-1);
  if (formula !== undefined && (number === null || formula.end >= number.end)) {
    const end = suffixEnd(text, formula.end);
    const last = { ...formula, end, content: formula.content + text.slice(formula.end, end) };
    return joined('formula', lastGroup(text, [...formulas.slice(0, -1), last]));
  }
  return number === null ? null : joined('number', [number]);
}

function afterHash(text: string, from: number): Extraction | null {
  const at = text.lastIndexOf('####');
  if (at < from) return null;
  let start = at + 4;
  while (' :\t'.includes(text[start] ?? '.')) start += 1;
  const line = text.indexOf('\n', start);
  const end = line < 0 ? text.length : line;
  return end > start ? joined('hash', [spanOf(text, start, Math.min(end, start + REACH))]) : null;
}

function answerTag(text: string, from: number, options: ExtractOptions): Extraction | null {
  const tag = lastTag(text, 'answer');
  if (tag === null || tag.start < from) return null;
  const box = boxed(text, tag.start, tag.end, options.boxes ?? 'last-group');
  return relabelled(box, 'answer-tag') ?? joined('answer-tag', [spanOf(text, tag.start, tag.end)]);
}

/** A final phrase counts only where no box comes after it. */
function finalPhrase(text: string, from: number): Extraction | null {
  const found = finalAnnouncement(text, from);
  if (found === null) return null;
  const lastBox = findBoxes(text, from).at(-1);
  if (lastBox !== undefined && lastBox.start > found.end) return null;
  return announced(text, found, 'final-phrase');
}

function take(kind: ExtractionKind, text: string, from: number, options: ExtractOptions): Extraction | null {
  const tail = Math.max(from, text.length - REACH);
  switch (kind) {
    case 'answer-tag':
      return answerTag(text, from, options);
    case 'final-phrase':
      return finalPhrase(text, from);
    case 'boxed':
      return boxed(text, from, text.length, options.boxes ?? 'last-group');
    case 'hash':
      return afterHash(text, from);
    case 'phrase': {
      const found = answerAnnouncement(text, from);
      return found === null ? null : announced(text, found, 'phrase');
    }
    case 'bare':
      return bare(text, from, text.length);
    case 'formula':
      return lastOf(text, findFormulas(text, tail), tail, text.length);
    case 'number':
      return relabelled(lastOf(text, [], tail, text.length), 'number');
    case 'choice':
      return lastChoice(text);
  }
}

/**
 * Takes the answer from a response and says from where. Reads text only, in time linear in its length; null where
 * nothing is found. It does not judge: several answers side by side are returned as several, so that a response that
 * lists every possibility is not taken for the right one.
 */
export function extractAnswer(text: string, options: ExtractOptions = {}): Extraction | null {
  const thought = options.skipThinking === false ? 0 : afterThinking(text);
  if (thought < 0) return null;
  const base = Math.max(0, text.length - WINDOW);
  const window = base === 0 ? text : text.slice(base);
  const from = Math.max(0, thought - base);
  for (const kind of options.order ?? defaultOrder) {
    const found = take(kind, window, from, options);
    if (found !== null) return base === 0 ? found : { ...found, start: found.start + base, end: found.end + base };
  }
  return null;
}

/**
 * The answer of a reference: its boxes, the text after `####` or "the answer is", all its formulas where nothing but "and" stands between
 * them, or the text as it is.
 */
export function extractReference(reference: string): Extraction {
  const text = reference.length > WINDOW ? reference.slice(-WINDOW) : reference;
  // Most references are a bare number; nothing needs to be looked for in it.
  if (text.length < 24 && /^-?\d+(?:\.\d+)?$/.test(text)) {
    return { kind: 'bare', text, start: 0, end: text.length, parts: [text] };
  }
  const marked = boxed(text, 0, text.length, 'last-group') ?? afterHash(text, 0);
  if (marked !== null) return marked;
  const phrase = answerAnnouncement(text, 0);
  const stated = phrase === null ? null : announced(text, phrase, 'phrase');
  if (stated !== null && stated.text !== '') return stated;
  const trimmed = text.trim();
  const whole: Extraction = { kind: 'bare', text: trimmed, start: 0, end: text.length, parts: [trimmed] };
  if (text.length > REACH) return whole;
  const formulas = findFormulas(text);
  const [first] = formulas;
  const last = formulas.at(-1);
  if (first === undefined || last === undefined) return whole;
  const isList = lastGroup(text, formulas).length === formulas.length;
  const around = `${text.slice(0, first.start)} ${text.slice(last.end)}`;
  if (isList && formulas.length > 1 && wordCount(around) === 0) return joined('formula', formulas);
  return isBare(text) ? whole : joined('formula', lastGroup(text, formulas));
}
