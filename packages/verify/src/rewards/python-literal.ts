/**
 * @file Python literals in model text: numbers, strings, lists, tuples, dictionaries, sets, True, False and None. Read by
 * scanning with a bounded depth; nothing is evaluated.
 */

/** A Python value that can be written as a literal. Dictionary keys are kept as text. */
export type PythonValue =
  | { readonly kind: 'none' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'list' | 'tuple' | 'set'; readonly items: readonly PythonValue[] }
  | { readonly kind: 'dict'; readonly entries: ReadonlyMap<string, PythonValue> };

const MAX_DEPTH = 40;
const MAX_LENGTH = 100_000;

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' };

class LiteralReader {
  private at = 0;

  constructor(private readonly text: string) {}

  whole(): PythonValue | null {
    const value = this.value(0);
    this.blanks();
    return value !== null && this.at === this.text.length ? value : null;
  }

  private blanks(): void {
    while (' \t\n\r'.includes(this.text[this.at] ?? '.')) this.at += 1;
  }

  private take(sign: string): boolean {
    this.blanks();
    if (this.text[this.at] !== sign) return false;
    this.at += 1;
    return true;
  }

  private value(depth: number): PythonValue | null {
    this.blanks();
    if (depth > MAX_DEPTH) return null;
    const char = this.text[this.at] ?? '';
    if (char === '[') return this.sequence('list', ']', depth);
    if (char === '(') return this.sequence('tuple', ')', depth);
    if (char === '{') return this.braces(depth);
    if (char === '"' || char === "'") return this.string(char);
    return this.word() ?? this.number();
  }

  private word(): PythonValue | null {
    for (const [word, value] of words) {
      if (!this.text.startsWith(word, this.at) || /\w/.test(this.text[this.at + word.length] ?? ' ')) continue;
      this.at += word.length;
      return value;
    }
    return null;
  }

  private number(): PythonValue | null {
    const found = /^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/.exec(this.text.slice(this.at, this.at + 400));
    if (found === null) return null;
    this.at += found[0].length;
    return { kind: 'number', value: Number(found[0].replaceAll('_', '')) };
  }

  private string(quote: string): PythonValue | null {
    let value = '';
    for (this.at += 1; this.at < this.text.length; this.at += 1) {
      const char = this.text[this.at] ?? '';
      if (char === quote) {
        this.at += 1;
        return { kind: 'string', value };
      }
      if (char === '\n') return null;
      if (char === '\\') {
        this.at += 1;
        const escaped = this.text[this.at] ?? '';
        value += escapes[escaped] ?? `\\${escaped}`;
      } else value += char;
    }
    return null;
  }

  private sequence(kind: 'list' | 'tuple', close: string, depth: number): PythonValue | null {
    this.at += 1;
    const items: PythonValue[] = [];
    let isTuple = kind === 'list';
    while (!this.take(close)) {
      const item = this.value(depth + 1);
      if (item === null) return null;
      items.push(item);
      if (this.take(',')) isTuple = true;
      else if (this.take(close)) break;
      else return null;
    }
    const [only] = items;
    // (1) is a number in brackets, (1,) a tuple.
    return !isTuple && items.length === 1 && only !== undefined ? only : { kind, items };
  }

  private braces(depth: number): PythonValue | null {
    this.at += 1;
    const entries = new Map<string, PythonValue>();
    const items: PythonValue[] = [];
    while (!this.take('}')) {
      const first = this.value(depth + 1);
      if (first === null) return null;
      if (this.take(':')) {
        const value = this.value(depth + 1);
        if (value === null) return null;
        entries.set(keyOf(first), value);
      } else items.push(first);
      if (!this.take(',')) {
        if (this.take('}')) break;
        return null;
      }
    }
    if (items.length > 0) return entries.size > 0 ? null : { kind: 'set', items };
    return { kind: 'dict', entries };
  }
}

const words: readonly (readonly [string, PythonValue])[] = [
  ['True', { kind: 'boolean', value: true }],
  ['False', { kind: 'boolean', value: false }],
  ['None', { kind: 'none' }],
];

function keyOf(value: PythonValue): string {
  return value.kind === 'string' ? value.value : JSON.stringify(value);
}

/** The value of a text that is one Python literal, or null. Never throws. */
export function parsePythonLiteral(text: string): PythonValue | null {
  return text.length > MAX_LENGTH ? null : new LiteralReader(text).whole();
}

/** Plain JSON as the Python value that `json.loads` gives: arrays are lists, objects dictionaries. */
export function fromJson(value: unknown): PythonValue {
  if (typeof value === 'number') return { kind: 'number', value };
  if (typeof value === 'boolean') return { kind: 'boolean', value };
  if (typeof value === 'string') return { kind: 'string', value };
  if (Array.isArray(value)) return { kind: 'list', items: value.map(fromJson) };
  if (typeof value !== 'object' || value === null) return { kind: 'none' };
  return { kind: 'dict', entries: new Map(Object.entries(value).map(([key, each]) => [key, fromJson(each)])) };
}

function asNumber(value: PythonValue): number | null {
  if (value.kind === 'number') return value.value;
  return value.kind === 'boolean' ? Number(value.value) : null;
}

function sameItems(a: readonly PythonValue[], b: readonly PythonValue[], equal: Equal): boolean {
  return (
    a.length === b.length &&
    a.every((item, index) => {
      const other = b[index];
      return other !== undefined && equal(item, other);
    })
  );
}

/** Each item of one set takes the first free equal item of the other. */
function sameSet(a: readonly PythonValue[], b: readonly PythonValue[], equal: Equal): boolean {
  if (a.length !== b.length) return false;
  const open = [...b];
  return a.every((item) => {
    const at = open.findIndex((other) => equal(item, other));
    if (at >= 0) open.splice(at, 1);
    return at >= 0;
  });
}

type Equal = (a: PythonValue, b: PythonValue) => boolean;

/** Structural equality with a rule for numbers; containers must be of the same type unless lists may match tuples. */
export function pythonEqual(
  a: PythonValue,
  b: PythonValue,
  numbersEqual: (a: number, b: number) => boolean,
  mixesLists = false,
): boolean {
  const equal: Equal = (first, second) => pythonEqual(first, second, numbersEqual, mixesLists);
  const [x, y] = [asNumber(a), asNumber(b)];
  if (x !== null && y !== null) return numbersEqual(x, y);
  if ((a.kind === 'list' || a.kind === 'tuple') && (b.kind === 'list' || b.kind === 'tuple')) {
    return (mixesLists || a.kind === b.kind) && sameItems(a.items, b.items, equal);
  }
  if (a.kind === 'set' && b.kind === 'set') return sameSet(a.items, b.items, equal);
  if (a.kind === 'dict' && b.kind === 'dict') {
    return (
      a.entries.size === b.entries.size &&
      [...a.entries].every(([key, value]) => {
        const other = b.entries.get(key);
        return other !== undefined && equal(value, other);
      })
    );
  }
  if (a.kind === 'string' && b.kind === 'string') return a.value === b.value;
  return a.kind === 'none' && b.kind === 'none';
}
