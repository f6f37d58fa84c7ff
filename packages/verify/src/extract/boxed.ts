import { isListGap, type Span } from './span.js';

const commands = ['\\boxed', '\\fbox', '\\framebox'] as const;

/** Boxes that are looked at, counted from the end of the text. */
const MAX_BOXES = 64;

/** Characters of one box; a brace further away does not close it. */
const MAX_CONTENT = 20_000;

/** Walks back over the commands of a text; each position is searched once, so a long text is read once. */
class BackwardSearch {
  private readonly next: number[];

  constructor(private readonly text: string) {
    this.next = commands.map((command) => text.lastIndexOf(command));
  }

  previous(): { at: number; length: number } | null {
    const at = Math.max(...this.next);
    const index = this.next.indexOf(at);
    const command = commands[index];
    if (at < 0 || command === undefined) return null;
    this.next[index] = at === 0 ? -1 : this.text.lastIndexOf(command, at - 1);
    return { at, length: command.length };
  }
}

/** Index of the brace that closes the one at `open`, or -1. Escaped braces do not count. */
export function closingBrace(text: string, open: number, limit = text.length): number {
  let depth = 0;
  for (let at = open; at < limit; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 92) at += 1;
    else if (code === 123) depth += 1;
    else if (code === 125 && (depth -= 1) === 0) return at;
  }
  return -1;
}

function readBox(text: string, at: number, length: number): Span | null {
  let open = at + length;
  while (text[open] === ' ') open += 1;
  if (text[open] === '{') {
    const close = closingBrace(text, open, Math.min(text.length, open + MAX_CONTENT));
    if (close >= 0) return { start: at, end: close + 1, content: text.slice(open + 1, close) };
    // Cut off in the middle: what stands on the line is all there is.
    const line = text.indexOf('\n', open);
    const end = Math.min(line < 0 ? text.length : line, open + MAX_CONTENT);
    return { start: at, end, content: text.slice(open + 1, end) };
  }
  // \boxed 7: one word or number.
  let end = open;
  while (end < text.length && !' \n\t$.,;'.includes(text[end] ?? '')) end += 1;
  return end === open ? null : { start: at, end, content: text.slice(open, end) };
}

/** The boxes of a text in reading order, a box inside a box left out; only the last 64 are read. */
export function findBoxes(text: string, from = 0): readonly Span[] {
  const boxes: Span[] = [];
  const search = new BackwardSearch(text);
  for (let tries = 0; tries < MAX_BOXES; tries += 1) {
    const command = search.previous();
    if (command === null || command.at < from) break;
    const box = readBox(text, command.at, command.length);
    if (box === null) continue;
    while (boxes.length > 0 && (boxes.at(-1)?.start ?? 0) < box.end) boxes.pop();
    boxes.push(box);
  }
  return boxes.reverse();
}

/** The last group of spans that are separated by nothing but commas, "and" and the like. */
export function lastGroup(text: string, spans: readonly Span[]): readonly Span[] {
  const group: Span[] = [];
  for (let index = spans.length - 1; index >= 0; index -= 1) {
    const span = spans[index];
    const next = group.at(-1);
    if (span === undefined) break;
    if (next !== undefined && !isListGap(text.slice(span.end, next.start))) break;
    group.push(span);
  }
  return group.reverse();
}
