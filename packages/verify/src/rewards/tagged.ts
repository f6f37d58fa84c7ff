/** @file What the rewards of puzzles read from a response: the last tag, the last object in braces. */
import { tagSpans } from '../format/tags.js';
import { parseJson } from '../structure/json.js';

/** The content of the last pair of tags, untrimmed; on one line only unless `multiline`. */
export function lastTagContent(text: string, name: string, multiline = true): string | null {
  const contents = tagSpans(text, name).map(({ start, end }) => text.slice(start, end));
  return (multiline ? contents : contents.filter((content) => !content.includes('\n'))).at(-1) ?? null;
}

/** Objects that are tried, from the end. */
const MAX_OBJECTS = 8;

/** The last complete object in braces that is JSON, braces matched from left to right; null where there is none. */
export function lastBraceObject(text: string): unknown {
  const spans: (readonly [number, number])[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x7b && (depth += 1) === 1) start = at;
    else if (code === 0x7d && depth > 0 && (depth -= 1) === 0) spans.push([start, at + 1]);
  }
  for (const [from, to] of spans.slice(-MAX_OBJECTS).reverse()) {
    const parsed = parseJson(text.slice(from, to));
    if (parsed !== null) return parsed.value;
  }
  return null;
}
