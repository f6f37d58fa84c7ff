/** @file Tags and boxes in a response, found by scanning: no pattern here can backtrack. */

/** Where a tag's content stands: `text.slice(start, end)`; the closing tag ends at `after`. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly after: number;
}

/**
 * The contents of `<name>...</name>`, left to right. Each opening tag is matched with the first closing tag after it, as
 * the usual lazy pattern does; unclosed tags are left out.
 */
export function tagSpans(text: string, name: string): Span[] {
  const open = `<${name}>`;
  const close = `</${name}>`;
  const spans: Span[] = [];
  for (let at = text.indexOf(open); at >= 0;) {
    const start = at + open.length;
    const end = text.indexOf(close, start);
    if (end < 0) break;
    spans.push({ start, end, after: end + close.length });
    at = text.indexOf(open, end + close.length);
  }
  return spans;
}

/** The trimmed content of the first, or last, `<name>...</name>`; null when there is none. */
export function tagContent(text: string, name: string, which: 'first' | 'last' = 'last'): string | null {
  const span = tagSpans(text, name).at(which === 'first' ? 0 : -1);
  return span === undefined ? null : text.slice(span.start, span.end).trim();
}

/** Number of times a literal occurs. */
export function occurrences(text: string, literal: string): number {
  return text.split(literal).length - 1;
}

/** What follows the last `</think>`; the whole text when there is none. */
export function afterThinking(text: string): string {
  const at = text.lastIndexOf('</think>');
  return at < 0 ? text : text.slice(at + '</think>'.length);
}

/**
 * The contents of all `\command{...}` whose braces balance, left to right; one inside another is left out. An opening
 * that is never closed hides nothing that comes after it.
 */
export function commandSpans(text: string, command: string): Span[] {
  const open = `\\${command}{`;
  const groups: { readonly start: number; readonly isCommand: boolean }[] = [];
  const closed: Span[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === backslash) {
      at++;
    } else if (character === openBrace) {
      groups.push({ start: at + 1, isCommand: text.startsWith(open, at + 1 - open.length) });
    } else if (character === closeBrace) {
      const group = groups.pop();
      if (group?.isCommand !== true) continue;
      while (closed.length > 0 && closed.at(-1)!.start > group.start) closed.pop();
      closed.push({ start: group.start, end: at, after: at + 1 });
    }
  }
  return closed;
}

const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** The trimmed content of the last `\command{...}`; null when its braces do not balance or there is none. */
export function lastCommand(text: string, command: string): string | null {
  const at = text.lastIndexOf(`\\${command}{`);
  const [span] = at < 0 ? [] : commandSpans(text.slice(at), command);
  return span === undefined ? null : text.slice(at + span.start, at + span.end).trim();
}
