import { UserError } from '../errors.js';

type JsonObject = Record<string, unknown>;

/**
 * A recipe with one setting changed: `rollout.group=16`. The value is JSON where it parses as JSON and text otherwise,
 * so that `true`, `3` and `[1,2]` have their types and names need no quotes. Objects on the way are made as needed; an
 * objective written as a name becomes an object when one of its settings is given.
 */
export function applySetting(recipe: JsonObject, assignment: string): JsonObject {
  const split = assignment.indexOf('=');
  const path = assignment.slice(0, Math.max(0, split)).trim().split('.');
  if (split < 1 || path.some((segment) => segment === '')) {
    throw new UserError(
      `--set: a setting must read key=value with dots between nested keys, got ${JSON.stringify(assignment)}; ` +
        'write for example --set rollout.group=16',
    );
  }
  return assign(recipe, path, parseValue(assignment.slice(split + 1)));
}

function assign(object: JsonObject, path: readonly string[], value: unknown): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  const inner = Object.hasOwn(object, key) ? object[key] : undefined;
  const changed = rest.length === 0 ? value : assign(asObject(inner), rest, value);
  // Defined, not assigned: a key named __proto__ must reach the schema and fail there.
  const copy = { ...object };
  Object.defineProperty(copy, key, { value: changed, enumerable: true, configurable: true, writable: true });
  return copy;
}

function asObject(value: unknown): JsonObject {
  if (typeof value === 'string') return { name: value };
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
