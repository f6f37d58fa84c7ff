const tags: readonly (readonly [open: string, close: string])[] = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['<reasoning>', '</reasoning>'],
  ['<|begin_of_thought|>', '<|end_of_thought|>'],
];

/**
 * Where the answer part of a response starts: after the last closing tag of its reasoning. A response whose reasoning
 * was never closed was cut off and has no answer part; -1 then. Without tags the whole response counts: 0.
 */
export function afterThinking(text: string): number {
  for (const [open, close] of tags) {
    const closed = text.lastIndexOf(close);
    if (closed >= 0) return closed + close.length;
    if (text.includes(open)) return -1;
  }
  return 0;
}

/** The content of the last pair of tags, or null. An unclosed last tag reaches to the end of the text. */
export function lastTag(text: string, name: string): { start: number; end: number } | null {
  const open = text.lastIndexOf(`<${name}>`);
  if (open < 0) return null;
  const start = open + name.length + 2;
  const close = text.indexOf(`</${name}>`, start);
  return { start, end: close < 0 ? text.length : close };
}

/** What a response gives as its answer, by tags alone: the last answer tag, or all that follows the reasoning. */
export function answerPart(text: string): string {
  const from = afterThinking(text);
  if (from < 0) return '';
  const tag = lastTag(text, 'answer');
  return (tag !== null && tag.start >= from ? text.slice(tag.start, tag.end) : text.slice(from)).trim();
}
