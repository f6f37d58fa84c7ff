import { z } from 'zod';
import { UserError } from '../errors.js';

/** Number of edits (insert, delete, replace, swap of neighbours) that turn one word into another. */
export function editDistance(a: string, b: string): number {
  let previous: number[] = [];
  let current = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const beforePrevious = previous;
    previous = current;
    current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? (beforePrevious[j - 2] ?? 0) + 1 : Infinity;
      current.push(Math.min(replace, swap, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
  }
  return current[b.length] ?? 0;
}

/** The known word that was probably meant: fewest edits, case aside, at most half of the word; undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(word.length / 2)) + 1;
  // A word far longer than any key is not a slip of the hand, and its distances would cost time.
  if (word.length > 80) return undefined;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < fewest) [best, fewest] = [candidate, distance];
  }
  return best;
}

/** Names what is known: `unknown task "adition"; did you mean "addition"?`, or the whole list when nothing is near. */
export function unknownName(kind: string, word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  const shown = JSON.stringify(word.length > 80 ? `${word.slice(0, 77)}...` : word);
  const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean "${meant}"?`;
  return `unknown ${kind} ${shown}; ${hint}`;
}

/** The keys that an object schema knows at `path` below `schema`; empty when there is no object there. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodUnion) {
    return bare.options.flatMap((option) => keysAt(option, path));
  }
  if (bare instanceof z.ZodRecord || bare instanceof z.ZodArray) {
    const [, ...rest] = path;
    const inner = bare instanceof z.ZodArray ? bare.element : bare.valueType;
    return path.length === 0 ? [] : keysAt(inner, rest);
  }
  if (!(bare instanceof z.ZodObject)) return [];
  const [first, ...rest] = path;
  if (first === undefined) return Object.keys(bare.shape);
  const shape: Readonly<Record<string, z.core.$ZodType>> = bare.shape;
  const inner = shape[String(first)];
  return inner === undefined ? [] : keysAt(inner, rest);
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrap(schema.def.innerType);
  }
  // Behind a transformation of the input stands what the input is checked against.
  if (schema instanceof z.ZodPipe)
    return unwrap(schema.def.in instanceof z.ZodTransform ? schema.def.out : schema.def.in);
  return schema;
}

function describe(issue: z.core.$ZodIssue, schema: z.core.$ZodType, value: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    return issue.keys
      .map((key) => unknownName('key', [...issue.path, key].join('.'), prefixed(issue.path, known)))
      .join('; ');
  }
  const got = issue.path.reduce<unknown>(
    // A name alone is short for an object with that name.
    (inner, key) =>
      typeof inner === 'string' && key === 'name' ? inner : (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const text = got === undefined ? 'nothing' : JSON.stringify(got);
  const key = issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  const rule = issue.code === 'invalid_type' ? `expected ${issue.expected}` : issue.message;
  const lower = rule.charAt(0).toLowerCase() + rule.slice(1);
  return `${key}${lower}, got ${text.length > 80 ? `${text.slice(0, 77)}...` : text}`;
}

function prefixed(path: readonly PropertyKey[], keys: readonly string[]): string[] {
  return keys.map((key) => [...path, key].join('.'));
}

/**
 * Settings as a schema reads them, defaults filled in. Throws a UserError of one line that names `where` (a file, a
 * command), each faulty key, what was got, and the nearest known key for an unknown one.
 */
export function parseSettings<T>(where: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UserError(`${where}: ${result.error.issues.map((issue) => describe(issue, schema, value)).join('; ')}`);
}
