/** Cleaning of one answer before it is read: delimiters, signs, frames and trailing words. */
import { unicodeSigns } from './vocabulary.js';

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\n' || char === '\t' || char === '\r';
}

/** Unicode signs become LaTeX or ASCII; text that is ASCII already is returned as it is. */
export function plainSigns(text: string): string {
  let result = '';
  let copied = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) < 128) continue;
    const char = text[at] ?? '';
    const code = text.charCodeAt(at);
    const fullWidthDigit = code >= 0xff10 && code <= 0xff19 ? String(code - 0xff10) : undefined;
    const replacement = Object.hasOwn(unicodeSigns, char) ? unicodeSigns[char] : fullWidthDigit;
    if (replacement === undefined) continue;
    result += text.slice(copied, at) + replacement;
    copied = at + 1;
  }
  return copied === 0 ? text : result + text.slice(copied);
}

const frames: readonly (readonly [string, string])[] = [
  ['$$', '$$'],
  ['\\[', '\\]'],
  ['\\(', '\\)'],
  ['$', '$'],
  ['**', '**'],
  ['__', '__'],
  ['`', '`'],
  ['"', '"'],
  ['\\\\[', '\\\\]'],
  ['\\\\(', '\\\\)'],
];

/** Whether the closing mark at the end belongs to the opening mark at the start, with none between. */
function framed(text: string, open: string, close: string): boolean {
  return (
    text.length > open.length + close.length &&
    text.startsWith(open) &&
    text.endsWith(close) &&
    text.indexOf(close, open.length) === text.length - close.length
  );
}

const textFrames = ['\\text{', '\\mathrm{', '\\textbf{', '\\mathbf{', '\\mbox{'];

/** `\text{5 cm}` is 5 cm; words in such a frame stay framed. */
function withoutTextFrame(text: string): string {
  const open = textFrames.find((frame) => text.startsWith(frame));
  if (open === undefined || !text.endsWith('}')) return text;
  const inner = text.slice(open.length, -1);
  return /\d/.test(inner) && !/[{}]/.test(inner) ? inner : text;
}

function withoutFrame(text: string): string {
  const plain = withoutTextFrame(text);
  if (plain !== text) return plain;
  for (const [open, close] of frames) {
    if (framed(text, open, close)) return text.slice(open.length, text.length - close.length);
  }
  return text;
}

/** A mark after a number, a bracket or a lone letter is a factorial; after a word it is an exclamation. */
function isFactorial(text: string, at: number): boolean {
  const before = text[at - 1] ?? ' ';
  if (/[0-9)}\]!]/.test(before)) return true;
  return /[A-Za-z]/.test(before) && !/[A-Za-z]/.test(text[at - 2] ?? ' ');
}

const trailing = '.,;:!?。，；"\'*`';

function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && (isBlank(text[start]) || '*`:'.includes(text[start] ?? ''))) start += 1;
  for (;;) {
    while (end > start && isBlank(text[end - 1])) end -= 1;
    const last = text[end - 1] ?? '';
    const escaped = text[end - 2] === '\\' && last !== '.';
    // 5! and f' keep their marks; a factorial or prime is more likely than an exclamation after a formula.
    const meant = (last === '!' && isFactorial(text, end - 1)) || last === "'" || escaped;
    if (end <= start || !trailing.includes(last) || meant) break;
    end -= 1;
  }
  return text.slice(start, end);
}

/** An answer without outer delimiters, emphasis, quotes and closing punctuation. */
export function unframed(text: string): string {
  let current = trimmed(text);
  for (let layers = 0; layers < 6; layers += 1) {
    const inner = trimmed(withoutFrame(current));
    if (inner === current) break;
    current = inner;
  }
  return current;
}

const hedges = ['approximately', 'approx.', 'approx', 'about', 'roughly', 'around', 'exactly', 'equals', 'is'];

/** An answer without a leading "approximately" and its like. */
export function withoutHedge(text: string): string {
  for (const hedge of hedges) {
    if (
      text.length > hedge.length &&
      text.slice(0, hedge.length).toLowerCase() === hedge &&
      isBlank(text[hedge.length])
    ) {
      return text.slice(hedge.length + 1).trim();
    }
  }
  return text;
}

/** Words as they are compared: case, markup, articles, punctuation and spacing do not count. */
export function comparableWords(text: string): string {
  return text
    .toLowerCase()
    .replace(/\\(?:text|textbf|textit|textrm|mathrm|mathbf|mbox|operatorname)(?![a-z])/g, '')
    .replace(/\\[,;:! ]/g, ' ')
    .replace(/[{}$\\"'`*_.,;:!?()[\]。，；：]/g, ' ')
    .replace(/\b(?:a|an|the)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The same with every blank removed, for formulas that no grammar reads. */
export function comparableFormula(text: string): string {
  return text
    .replace(/\\(?:left|right|displaystyle|,|;|:|!|quad|qquad)(?![a-zA-Z])/g, '')
    .replace(/\\[dt]frac/g, '\\frac')
    .replace(/\s+/g, '');
}
