import { afterThinking } from './thinking.js';

/** A program found in a response. Offsets count UTF-16 units of the original response. */
export interface CodeBlock {
  readonly code: string;
  /** First word after the opening fence in lower case; empty where there is none. */
  readonly language: string;
  readonly start: number;
  readonly end: number;
}

export interface CodeBlockOptions {
  /** Names of the language after a fence, such as `['python', 'py']`; matched without regard to case. */
  readonly languages: readonly string[];
  /** Whether a text without fences is a program of the language; default: never. */
  readonly looksLikeCode?: (text: string) => boolean;
}

/** Longest response that is searched, in UTF-16 units; what lies before its last part is not looked at. */
const MAX_LENGTH = 1 << 20;

/** Each part matches in one way only, so that a line which is no fence after all costs no more than its length. */
const FENCE = /^[ \t]{0,3}(`{3,}(?!`)|~{3,}(?!~))(?=[ \t]*([^\s`{]*))[^\n`]*$/gm;

/** Every fenced block of a text in order; a block that is never closed reaches to the end. */
export function codeBlocks(text: string, from = 0): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  FENCE.lastIndex = from;
  for (let open = FENCE.exec(text); open !== null; open = FENCE.exec(text)) {
    const [line, fence = '', language = ''] = open;
    const start = Math.min(text.length, open.index + line.length + 1);
    const { end, next } = closing(text, start, fence);
    blocks.push({ code: text.slice(start, end), language: language.toLowerCase(), start, end });
    FENCE.lastIndex = next;
  }
  return blocks;
}

/** A fence is closed by a line of at least as many of its characters and nothing else. */
function closing(text: string, start: number, fence: string): { end: number; next: number } {
  const sign = fence.charAt(0);
  const close = new RegExp(`^[ \\t]{0,3}\\${sign}{${fence.length},}[ \\t]*\\r?$`, 'gm');
  close.lastIndex = start;
  const found = close.exec(text);
  if (found === null) return { end: text.length, next: text.length };
  return { end: Math.max(start, found.index - 1), next: found.index + found[0].length };
}

/**
 * The program of a response: the last fenced block of the language, otherwise the last block without a language,
 * otherwise the last block, otherwise the whole text where it looks like code; looked for after the reasoning. Null when there is none,
 * or when the reasoning was never closed.
 */
export function extractCode(response: string, { languages, looksLikeCode }: CodeBlockOptions): CodeBlock | null {
  const from = afterThinking(response);
  if (from < 0) return null;
  const blocks = codeBlocks(response, Math.max(from, response.length - MAX_LENGTH));
  const wanted = new Set(languages.map((name) => name.toLowerCase()));
  const found =
    blocks.findLast(({ language, code }) => wanted.has(language) && code.trim() !== '') ??
    blocks.findLast(({ language, code }) => language === '' && code.trim() !== '') ??
    blocks.findLast(({ code }) => code.trim() !== '');
  if (found !== undefined) return found;
  const text = response.slice(from);
  if (blocks.length > 0 || text.trim() === '' || looksLikeCode?.(text) !== true) return null;
  return { code: text, language: '', start: from, end: response.length };
}
