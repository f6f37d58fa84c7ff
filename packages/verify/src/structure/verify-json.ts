/**
 * @file JSON answers against a schema, a value, or both. An entry of its own (`@touchstone/verify/json`), because it
 * brings a schema compiler. Schemas come from the task, not from the model: their `pattern`s run on model text without a
 * step budget, so an untrusted schema belongs into the worker pool.
 */
import Ajv from 'ajv';
import { correct, incorrect, partial, unscorable, type Verdict } from '../verdict.js';
import { extractJson, jsonEqual, jsonOverlap, parseJson } from './json.js';

/** What a JSON answer must be: at least one of the two. */
export interface JsonReference {
  /** JSON Schema, draft 7. */
  readonly schema?: object | boolean;
  /** The value itself; key order does not matter. */
  readonly value?: unknown;
}

function readReference(reference: unknown): JsonReference | null {
  if (typeof reference !== 'object' || reference === null) return null;
  const { schema } = reference as Readonly<Record<string, unknown>>;
  const schemaFits =
    schema === undefined || typeof schema === 'boolean' || (typeof schema === 'object' && schema !== null);
  return schemaFits && ('schema' in reference || 'value' in reference) ? (reference as JsonReference) : null;
}

/** Compiled schemas, by the schema object that a task holds on to. */
const compiled = new WeakMap<object, Ajv.ValidateFunction>();

function compile(schema: object | boolean): Ajv.ValidateFunction {
  const known = typeof schema === 'object' ? compiled.get(schema) : undefined;
  if (known !== undefined) return known;
  const validate = new Ajv({ allErrors: true, unknownFormats: 'ignore', logger: false }).compile(schema);
  if (typeof schema === 'object') compiled.set(schema, validate);
  return validate;
}

type SchemaCheck = { readonly kind: 'valid' | 'bad-schema' } | { readonly kind: 'invalid'; readonly errors: string };

function checkSchema(value: unknown, schema: object | boolean): SchemaCheck {
  try {
    const validate = compile(schema);
    if (validate(value) === true) return { kind: 'valid' };
    const errors = (validate.errors ?? [])
      .slice(0, 5)
      .map((error) => `${error.dataPath || '(root)'} ${error.message ?? ''}`);
    return { kind: 'invalid', errors: errors.join('; ') };
  } catch {
    return { kind: 'bad-schema' };
  }
}

/**
 * Judges the JSON value of a response. With a schema it must validate; with a value it must be equal, and otherwise
 * scores its overlap of leaves. `options.whole: true` takes the whole response as JSON and does not look inside prose.
 */
export function verifyJson(
  response: string,
  reference: unknown,
  options: Readonly<Record<string, unknown>> = {},
): Verdict {
  const wanted = readReference(reference);
  if (wanted === null) return unscorable('bad-reference', { feedback: 'the reference must be { schema?, value? }' });
  const found = options['whole'] === true ? parseJson(response.trim()) : extractJson(response);
  if (found === null) return incorrect('not-json');
  const extracted = JSON.stringify(found.value);
  if (wanted.schema !== undefined) {
    const check = checkSchema(found.value, wanted.schema);
    if (check.kind === 'bad-schema') return unscorable('bad-reference', { feedback: 'the schema does not compile' });
    if (check.kind === 'invalid') return incorrect('schema', { extracted, feedback: check.errors });
  }
  if (!('value' in wanted) || jsonEqual(found.value, wanted.value)) return correct('equal', { extracted });
  return partial(jsonOverlap(found.value, wanted.value), 'different', { extracted });
}
