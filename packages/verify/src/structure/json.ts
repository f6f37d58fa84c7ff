/** @file JSON values inside model text, and how far two values agree. */

/** Longest source that is parsed, in UTF-16 units: a bound on work and memory. */
export const longestJson = 1_000_000;

/** Deepest nesting that is parsed, so that walking a value cannot exhaust the stack. */
export const deepestJson = 500;

/** True when brackets open more than {@link deepestJson} levels; brackets inside strings count too, which errs safely. */
function isTooDeep(source: string): boolean {
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const character = source.charCodeAt(at);
    if ((character === 0x7b || character === 0x5b) && ++depth > deepestJson) return true;
    if (character === 0x7d || character === 0x5d) depth--;
  }
  return false;
}

/** JSON.parse that answers null instead of throwing, also for sources that are too long or too deep. */
export function parseJson(source: string): { readonly value: unknown } | null {
  if (source.length > longestJson || isTooDeep(source)) return null;
  try {
    return { value: JSON.parse(source) as unknown };
  } catch {
    return null;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const opensGroup = (code: number): boolean => code === 0x7b || code === 0x5b;
const closesGroup = (code: number): boolean => code === 0x7d || code === 0x5d;

/** The end of the bracketed value that opens at `start` (strings respected), or -1 when it is never closed. */
function valueEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      for (at++; at < text.length && text.charCodeAt(at) !== quote; at++) if (text.charCodeAt(at) === backslash) at++;
    } else if (opensGroup(code)) {
      depth++;
    } else if (closesGroup(code) && --depth === 0) {
      return at + 1;
    }
  }
  return -1;
}

/** How many values of running text are tried, and how many openings that are never closed: keeps hostile text linear. */
const mostAttempts = 32;
const mostUnclosed = 3;

/** The last fenced block that parses. */
function fencedJson(text: string): { readonly value: unknown } | null {
  const blocks = text.split('```');
  const last = blocks.length - (blocks.length % 2 === 0 ? 1 : 2);
  for (let index = last; index > Math.max(0, last - 2 * mostAttempts); index -= 2) {
    const parsed = parseJson(blocks[index]!.replace(/^[\w-]{0,20}[ \t]*\n/, '').trim());
    if (parsed !== null) return parsed;
  }
  return null;
}

/**
 * The JSON value of a response: the whole of it, else the last fenced block that parses, else the first object or array
 * in running text. Null when there is none.
 */
export function extractJson(text: string): { readonly value: unknown } | null {
  const known = parseJson(text.trim()) ?? fencedJson(text);
  if (known !== null) return known;
  const opening = /[{[]/g;
  for (let attempt = 0, unclosed = 0; attempt < mostAttempts && unclosed < mostUnclosed; attempt++) {
    const start = opening.exec(text)?.index;
    if (start === undefined) return null;
    const end = valueEnd(text, start);
    if (end < 0) {
      unclosed++;
      continue;
    }
    const parsed = parseJson(text.slice(start, end));
    if (parsed !== null) return parsed;
  }
  return null;
}

/** True for a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Equal as JSON: key order does not matter, array order does, 1 and 1.0 are one number. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((entry, index) => jsonEqual(entry, right[index]))
    );
  }
  if (isRecord(left)) {
    if (!isRecord(right)) return false;
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && jsonEqual(left[key], right[key]))
    );
  }
  return left === right;
}

/** Path and value of every leaf; empty objects and arrays are leaves. */
function leaves(value: unknown, path: string, found: Map<string, unknown>): Map<string, unknown> {
  const entries = Array.isArray(value) ? [...value.entries()] : isRecord(value) ? Object.entries(value) : [];
  if (entries.length === 0) found.set(path, value);
  for (const [key, entry] of entries) leaves(entry, `${path}/${String(key).replaceAll('/', '~1')}`, found);
  return found;
}

/** F1 over (path, value) leaves of two JSON values, in [0, 1]; 1 iff they are equal. */
export function jsonOverlap(candidate: unknown, reference: unknown): number {
  const own = leaves(candidate, '', new Map<string, unknown>());
  const other = leaves(reference, '', new Map<string, unknown>());
  let shared = 0;
  for (const [path, value] of own) if (other.has(path) && jsonEqual(value, other.get(path))) shared++;
  return (2 * shared) / (own.size + other.size);
}
