/** Where an answer was found. */
export type ExtractionKind =
  /** The last `<answer>` ... `</answer>`. */
  | 'answer-tag'
  /** The last group of `\boxed{}` or `\fbox{}`. */
  | 'boxed'
  /** After "final answer is" and its like. */
  | 'final-phrase'
  /** After the last `####`. */
  | 'hash'
  /** After "the answer is" and its like, in several languages. */
  | 'phrase'
  /** The whole response, where it is short and holds nothing but an answer. */
  | 'bare'
  /** The last formula between dollar signs, `\( \)`, `\[ \]` or in an environment. */
  | 'formula'
  /** The last number, with sign, fraction, percent and currency. */
  | 'number'
  /** A letter that names an option. */
  | 'choice';

/** A part of a response that is taken as its answer. Offsets count UTF-16 units of the original response. */
export interface Extraction {
  readonly kind: ExtractionKind;
  /** The answer; several answers are joined by `\text{ and }`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** The single answers, in order. */
  readonly parts: readonly string[];
}

/** A piece of text between two offsets. */
export interface Span {
  /** Where the piece starts, delimiters included. */
  readonly start: number;
  readonly end: number;
  /** The piece without its delimiters. */
  readonly content: string;
}

export const joint = ' \\text{ and } ';

/** Several spans as one extraction. The list must not be empty. */
export function joined(kind: ExtractionKind, spans: readonly Span[]): Extraction {
  const parts = spans.map((span) => span.content.trim());
  const [first] = spans;
  const last = spans.at(-1);
  const unique = parts.filter((part, index) => parts.indexOf(part) === index);
  return { kind, text: unique.join(joint), start: first?.start ?? 0, end: last?.end ?? 0, parts: unique };
}

const MAX_GAP = 60;

/** Whether the text between two answers only lists them: commas, "and", delimiters, `y_2 =`, "for part (a)". */
export function isListGap(gap: string): boolean {
  if (gap.length > MAX_GAP) return false;
  const plain = gap
    .replace(/\\(?:quad|qquad|text|mathrm|left|right|displaystyle|[,;:!()[\] ])/g, ' ')
    .replace(/[${}*_\s.~]/g, ' ')
    .trim();
  if (plain === '') return !/\n\s*\n\s*\S/.test(gap);
  if (/^[,;，、；&]+$/.test(plain)) return true;
  if (/^[,;，、]?\s*(?:and|or|und|et|y|和|或|及|与)\s*$/i.test(plain)) return true;
  if (/^[,;]?\s*(?:and|or)?\s*[A-Za-z](?:\s?\d+)?\s*=$/i.test(plain)) return true;
  return /\b(?:and|or)$/.test(plain) && !/[.!?]/.test(gap) && plain.split(/\s+/).length <= 6;
}
