/**
 * Values on their way between JavaScript and Python. On this side they are JSON; what JSON lacks is an object with one
 * tag: `{ $tuple: [...] }`, `{ $set: [...] }`, `{ $dict: [[key, value], ...] }` for keys that are not strings,
 * `{ $int: "..." }` beyond 2^53, `{ $float: "nan" | "inf" | "-inf" | "3.0" }`, `{ $complex: [re, im] }`, `{ $bytes: "hex" }`.
 * `{ $object: "ClassName" }` stands for whatever else a program returns; it equals nothing.
 * Subclasses travel as the type they are made from: a namedtuple is a tuple, a Counter a dict.
 */

/** Nesting that is carried; Python's parser would take about twice of it. */
const MAX_DEPTH = 80;

/** A value has no form on the other side. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

const TAG = /^\$(tuple|set|dict|int|float|complex|bytes|object|remote)$/;

/** The tag of a tagged value, or null for any other. */
export function tagOf(value: object): string | null {
  const keys = Object.keys(value);
  const [key] = keys;
  return keys.length === 1 && key !== undefined && TAG.test(key) ? key : null;
}

/** A value as the text of a Python expression. Throws a `ValueError` for what JSON and the tags do not cover. */
export function toPython(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new ValueError(`toPython: values nest at most ${MAX_DEPTH} deep, got more; flatten it`);
  const inner = (each: unknown): string => toPython(each, depth + 1);
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False';
    case 'bigint':
      return String(value);
    case 'number':
      return numberText(value);
    case 'string':
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'None';
      if (Array.isArray(value)) return `[${value.map(inner).join(',')}]`;
      return objectText(value as Record<string, unknown>, inner);
    default:
      throw new ValueError(`toPython: a value must be JSON or tagged, got a ${typeof value}`);
  }
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "float('nan')";
  if (!Number.isFinite(value)) return value > 0 ? "float('inf')" : "float('-inf')";
  return Object.is(value, -0) ? '-0.0' : String(value);
}

function objectText(value: Record<string, unknown>, inner: (each: unknown) => string): string {
  const tag = tagOf(value);
  if (tag === null) {
    return `{${Object.entries(value)
      .map(([key, each]) => `${JSON.stringify(key)}:${inner(each)}`)
      .join(',')}}`;
  }
  const held = value[tag];
  const list = Array.isArray(held) ? (held as unknown[]) : [];
  if (tag === '$tuple') return `(${list.map((each) => `${inner(each)},`).join('')})`;
  if (tag === '$set') return `set([${list.map(inner).join(',')}])`;
  if (tag === '$dict') return `dict([${list.map((pair) => pairText(pair, inner)).join(',')}])`;
  if (tag === '$int' && /^-?\d{1,4000}$/.test(String(held))) return String(held);
  if (tag === '$float' && /^(?:nan|-?(?:inf|\d+(?:\.\d+)?(?:e[+-]?\d+)?))$/.test(String(held)))
    return `float('${String(held)}')`;
  if (tag === '$complex' && list.length === 2) return `complex(${list.map(inner).join(',')})`;
  if (tag === '$bytes' && /^(?:[\da-f]{2})*$/.test(String(held))) return `bytes.fromhex('${String(held)}')`;
  if (tag === '$remote' && Number.isSafeInteger(held)) return `_remote(${String(held)})`;
  throw new ValueError(`toPython: ${tag} must hold what its name says, got ${JSON.stringify(held).slice(0, 80)}`);
}

function pairText(pair: unknown, inner: (each: unknown) => string): string {
  if (!Array.isArray(pair) || pair.length !== 2)
    throw new ValueError('toPython: $dict holds pairs, got something else');
  return `(${inner(pair[0])},${inner(pair[1])})`;
}

export interface EqualityOptions {
  /** Largest absolute or relative difference of two floats that are taken for equal; default 0. */
  readonly floatTolerance?: number;
}

/**
 * Whether a value that Python returned is the expected one, by Python's `==` over plain data: `True == 1`, `1 == 1.0`,
 * sets and dicts without order. A list is also met by a tuple of the same items, for JSON cannot say which was meant;
 * an expected `$tuple` or `$set` is met by nothing else.
 */
export function pythonEqual(expected: unknown, actual: unknown, options: EqualityOptions = {}, depth = 0): boolean {
  if (depth > MAX_DEPTH * 2) return false;
  const same = (a: unknown, b: unknown): boolean => pythonEqual(a, b, options, depth + 1);
  const left = scalarOf(expected);
  const right = scalarOf(actual);
  if (left !== undefined || right !== undefined) return scalarsEqual(left, right, options.floatTolerance ?? 0);
  const a = itemsOf(expected);
  const b = itemsOf(actual);
  if (a === null || b === null) return false;
  if (a.kind === 'dict' || b.kind === 'dict') {
    return a.kind === b.kind && a.items.length === b.items.length && matched(a.items, b.items, same);
  }
  if (a.kind === 'set' || b.kind === 'set') {
    return a.kind === b.kind && a.items.length === b.items.length && matched(a.items, b.items, same);
  }
  if (a.kind === 'tuple' && b.kind !== 'tuple') return false;
  return a.items.length === b.items.length && a.items.every((each, index) => same(each, b.items[index]));
}

type Scalar = null | string | number | bigint | { readonly tag: string; readonly text: string };

/** Numbers, texts and None in one form; undefined for containers and opaque objects. */
function scalarOf(value: unknown): Scalar | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'object' || value === undefined) return undefined;
  const tag = tagOf(value);
  const held = tag === null ? undefined : (value as Record<string, unknown>)[tag];
  // Python writes no longer ones either; a program could block this process by the time that reading one takes.
  if (tag === '$int') return /^-?\d{1,20000}$/.test(String(held)) ? BigInt(String(held)) : undefined;
  if (tag === '$float') return Number(String(held).replace('inf', 'Infinity'));
  if (tag === '$bytes' || tag === '$complex') return { tag, text: JSON.stringify(held) };
  return undefined;
}

function scalarsEqual(a: Scalar | undefined, b: Scalar | undefined, tolerance: number): boolean {
  if (a === undefined || b === undefined) return false;
  if (a !== null && b !== null && typeof a === 'object' && typeof b === 'object') {
    return a.tag === b.tag && a.text === b.text;
  }
  if (typeof a === 'number' && typeof b === 'number' && tolerance > 0 && Number.isFinite(a) && Number.isFinite(b)) {
    return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
  }
  if (typeof a === 'number' && typeof b === 'number') return a === b;
  if (typeof a === 'number' && typeof b === 'bigint') return Number.isInteger(a) && BigInt(a) === b;
  if (typeof a === 'bigint' && typeof b === 'number') return Number.isInteger(b) && BigInt(b) === a;
  return a === b;
}

interface Items {
  readonly kind: 'list' | 'tuple' | 'set' | 'dict';
  readonly items: readonly unknown[];
}

/** The members of a container that Python returned; null for any other value. */
export function itemsOf(value: unknown): Items | null {
  if (Array.isArray(value)) return { kind: 'list', items: value };
  if (typeof value !== 'object' || value === null) return null;
  const tag = tagOf(value);
  if (tag === null) return { kind: 'dict', items: Object.entries(value) };
  const held = (value as Record<string, unknown>)[tag];
  if (!Array.isArray(held)) return null;
  if (tag === '$tuple') return { kind: 'tuple', items: held };
  if (tag === '$set') return { kind: 'set', items: held };
  return tag === '$dict' ? { kind: 'dict', items: held } : null;
}

/** JSON of plain data; a large integer of JavaScript, which JSON lacks, as a text such as `"10n"`. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each)) ?? String(value);
}

/** Whether two collections of the same size have the same members in some order. */
function matched(a: readonly unknown[], b: readonly unknown[], same: (a: unknown, b: unknown) => boolean): boolean {
  const left = sortedByText(a);
  const right = sortedByText(b);
  if (left.every((each, index) => same(each, right[index]))) return true;
  // Equal members may differ in form (1 and 1.0, a tuple for a list): look for each of them.
  if (a.length > 1000) return false;
  const open = [...b];
  return a.every((each) => {
    const found = open.findIndex((other) => same(each, other));
    if (found >= 0) open.splice(found, 1);
    return found >= 0;
  });
}

function sortedByText(values: readonly unknown[]): unknown[] {
  const pairs = values.map((value) => [jsonText(value), value] as const);
  return pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);
}
