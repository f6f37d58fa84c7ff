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

/** The end of the bracketed value that opens at `start` (strings respected), or -1. */
function valueEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') {
      at = stringEnd(text, at);
      if (at < 0) return -1;
    } else if (character === '{' || character === '[') {
      depth++;
    } else if ((character === '}' || character === ']') && --depth === 0) {
      return at + 1;
    }
  }
  return -1;
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === '\\') at++;
    else if (text.charAt(at) === '"') return at;
  }
  return -1;
}

/** How many openings in running text are tried before giving up: keeps hostile text linear. */
const mostAttempts = 32;

/**
 * The JSON value of a response: the whole of it, else the last fenced block that parses, else the first object or array
 * in running text. Null when there is none.
 */
export function extractJson(text: string): { readonly value: unknown } | null {
  const whole = parseJson(text.trim());
  if (whole !== null) return whole;
  const blocks = text.split('```');
  for (
    let index = blocks.length - 2 + (blocks.length % 2);
    index > 0 && index > blocks.length - 2 * mostAttempts;
    index -= 2
  ) {
    const parsed = parseJson(blocks[index]!.replace(/^\s*[\w-]*\s*?\n/, '').trim());
    if (parsed !== null) return parsed;
  }
  const opening = /[{[]/g;
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const start = opening.exec(text)?.index;
    if (start === undefined) return null;
    const end = valueEnd(text, start);
    const parsed = end < 0 ? null : parseJson(text.slice(start, end));
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
